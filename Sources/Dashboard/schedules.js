// Jobs at times: what comes next, what became of the last times, and a month of them.

import { get } from "./api.js";
import { calendar } from "./calendar.js";
import { address, calm, fill, h } from "./dom.js";
import { day, nothing, seconds } from "./format.js";
import { action, facts, jobLink, section, state, Table, when } from "./parts.js";

export const title = "Schedules";

/** So many schedules are in the month of all of them. */
const mostInCalendar = 30;

export async function show(context) {
  return context.parts.length ? showOne(context, context.parts[0]) : showAll(context);
}

/** The month that the address names, as its first day; else this one. */
function monthOf(query) {
  const match = /^([0-9]{4})-([0-9]{2})$/.exec(query.get("month") ?? "");
  const now = new Date();
  return match
    ? new Date(Number(match[1]), Number(match[2]) - 1, 1) : new Date(now.getFullYear(), now.getMonth(), 1);
}

function turns(path, month) {
  const at = (months, text) => {
    const other = new Date(month.getFullYear(), month.getMonth() + months, 1);
    return h("a", { href: address(path, { month: day(other).slice(0, 7) }) }, text);
  };
  return h("nav", { class: "turns", "aria-label": "Months" }, at(-1, "Month before"), at(1, "Month after"));
}

/** What happened and what will, in a month: `{ time, name, fate, job }`. */
async function timesOf(name, month, most, signal) {
  const end = new Date(month.getFullYear(), month.getMonth() + 1, 1);
  const [past, future] = await Promise.all([
    get(`/schedules/${encodeURIComponent(name)}/ticks`,
      { from: month.toISOString(), before: end.toISOString(), limit: most }, signal),
    end > new Date()
      ? get(`/schedules/${encodeURIComponent(name)}/preview`, { count: most }, signal) : { times: [] },
  ]);
  return [
    ...past.ticks.map(({ nominal, fate, job, state }) => ({ time: nominal, name, fate, job, state })),
    ...future.times.map((planned) => ({ time: planned.utc, name, fate: planned.fate ?? "planned" })),
  ].filter((entry) => new Date(entry.time) >= month && new Date(entry.time) < end);
}

async function showAll(context) {
  const { main, query, signal } = context;
  const month = monthOf(query);
  const table = scheduleTable(context, () => context.attempt(look));
  const grid = h("div");
  main.append(h("h1", {}, "Schedules"), section("All schedules", table.element),
    section("Calendar", turns("/schedules", month), grid));
  const look = async () => {
    const { schedules } = await get("/schedules", { limit: 1000 }, signal);
    table.update(schedules);
    const shown = schedules.slice(0, mostInCalendar);
    const times = await Promise.all(shown.map(({ name }) => timesOf(name, month, 200, signal)));
    fill(grid, calendar(month, times.flat()), schedules.length > shown.length
      ? h("p", { class: "hint" }, `the first ${mostInCalendar} schedules by name`) : null);
  };
  watch(context, look);
  await look();
}

function watch(context, look) {
  const soon = calm(() => context.attempt(look), 500);
  context.signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (event.type.startsWith("schedule.")) soon();
  });
}

function scheduleTable(context, then) {
  return new Table("All schedules", [
    { name: "Schedule", cell: ({ name }) =>
      h("a", { href: `#/schedules/${encodeURIComponent(name)}` }, name) },
    { name: "When", cell: (row) => occasion(row.definition) },
    { name: "Next", cell: (row) => (row.paused ? state("paused") : when(row.next?.utc)) },
    { name: "Last", cell: (row) => (row.last ? [when(row.last.nominal), " ", fate(row.last)] : nothing) },
    { name: "Runs", number: true, cell: (row) => row.runs },
    { name: "Handler", wide: true, cell: (row) => row.definition.job?.handler ?? nothing },
    { name: "Change", cell: (row) => scheduleActions(context, row, then) },
  ], (row) => row.name, "There are no schedules.");
}

function occasion(definition) {
  const names = ["cron", "every", "at", "event"];
  const name = names.find((name) => definition[name] !== undefined && definition[name] !== null);
  if (name) return [`${name} `, h("code", {}, String(definition[name]))];
  return definition.files ? ["files in ", h("code", {}, definition.files.directory)] : "webhook";
}

function fate(tick) {
  return [state(tick.state ?? tick.fate, tick.state ? tick.fate : undefined),
    tick.job ? [" ", jobLink(tick.job)] : null];
}

function scheduleActions(context, row, then) {
  const make = (text, verb) => action(context, text, {
    path: `/schedules/${encodeURIComponent(row.name)}/${verb}`, name: `${text}, ${row.name}`, then,
  });
  return h("span", { class: "actions" },
    row.paused ? make("Resume", "resume") : make("Pause", "pause"), make("Run now", "run"));
}

async function showOne(context, name) {
  const { main, query, signal } = context;
  const month = monthOf(query);
  const path = `/schedules/${encodeURIComponent(name)}`;
  const head = h("div");
  const next = nextTable();
  const ticks = tickTable();
  const grid = h("div");
  main.append(head, section("Calendar", turns(path, month), grid),
    h("div", { class: "columns" },
      section("Next times", next.element), section("Last times", ticks.element)));
  const look = async () => {
    const shown = await get(path, {}, signal);
    fill(head, header(context, shown, () => context.attempt(look)));
    next.update(shown.times);
    ticks.update(shown.ticks);
    fill(grid, calendar(month, await timesOf(name, month, 1000, signal)));
  };
  watch(context, look);
  await look();
}

function header(context, { schedule, tally }, then) {
  const fates = Object.entries(tally.fates).map(([name, count]) => `${count} ${name}`).join(", ");
  return [
    h("div", { class: "heading" }, h("h1", {}, schedule.name), schedule.paused ? state("paused") : null,
      scheduleActions(context, schedule, then)),
    (schedule.warnings ?? []).map((words) => h("p", { class: "mistake" }, words)),
    facts([
      ["When", occasion(schedule.definition)], ["Time zone", schedule.definition.timezone],
      ["Next", schedule.next && when(schedule.next.utc)], ["Runs", schedule.runs],
      ["Succeeded", tally.succeeded], ["Failed", tally.failed], ["Mean run", seconds(tally.mean_seconds)],
      ["Fates", fates || undefined], ["From", schedule.file],
    ]),
  ];
}

function nextTable() {
  return new Table("Next times", [
    { name: "Time", cell: (row) => when(row.utc) },
    { name: "There", wide: true, cell: (row) => row.time },
    { name: "Note", cell: (row) => row.daylight_saving?.note ?? row.note ?? nothing },
  ], (row) => row.utc, "No time comes.");
}

function tickTable() {
  return new Table("Last times", [
    { name: "Time", cell: (row) => when(row.nominal) },
    { name: "Fate", cell: fate },
    { name: "Ran", number: true, cell: (row) => seconds(row.seconds) },
    { name: "Note", wide: true, cell: (row) => row.note ?? nothing },
  ], (row) => row.nominal, "No time has come yet.");
}
