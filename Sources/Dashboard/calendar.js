// A month as a table of weeks, with what was and what will be on each day.

import { h } from "./dom.js";
import { clock, day } from "./format.js";

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const mostOfDay = 4;

/** `entries` are `{ time, name, fate, state?, job? }`; the days are those of this browser's clock. */
export function calendar(month, entries) {
  const byDay = new Map();
  for (const entry of [...entries].sort((a, b) => Date.parse(a.time) - Date.parse(b.time))) {
    const key = day(entry.time);
    byDay.set(key, [...(byDay.get(key) ?? []), entry]);
  }
  const name = month.toLocaleDateString("en", { month: "long", year: "numeric" });
  return h("div", { class: "scroll", role: "region", "aria-label": name, tabindex: "0" },
    h("table", { class: "calendar" }, h("caption", {}, name),
      h("thead", {}, h("tr", {}, days.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, weeks(month).map((week) => h("tr", {}, week.map((date) => cell(date, byDay)))))));
}

function weeks(month) {
  const first = (month.getDay() + 6) % 7;
  const count = new Date(month.getFullYear(), month.getMonth() + 1, 0).getDate();
  const cells = [...Array(first).fill(undefined), ...Array.from({ length: count }, (_, index) =>
    new Date(month.getFullYear(), month.getMonth(), index + 1))];
  while (cells.length % 7) cells.push(undefined);
  return Array.from({ length: cells.length / 7 }, (_, index) => cells.slice(index * 7, index * 7 + 7));
}

function cell(date, byDay) {
  if (!date) return h("td", { class: "off" });
  const key = day(date);
  const entries = byDay.get(key) ?? [];
  return h("td", { "aria-current": key === day(Date.now()) ? "date" : undefined },
    h("span", { class: "day" }, date.getDate()),
    entries.length
      ? h("ul", {}, entries.slice(0, mostOfDay).map(line), entries.length > mostOfDay
        ? h("li", { class: "hint" }, `${entries.length - mostOfDay} more`) : null)
      : null);
}

function line(entry) {
  const text = `${clock(entry.time).slice(0, 5)} ${entry.name}`;
  const came = entry.state ?? entry.fate;
  return h("li", { "data-state": came, title: `${entry.name}: ${came}` },
    entry.job ? h("a", { href: `#/jobs/${entry.job}`, "aria-label": `${text}, ${came}` }, text) : text);
}
