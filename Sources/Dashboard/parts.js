// The pieces that several views are made of.

import { post } from "./api.js";
import { address, fill, h } from "./dom.js";
import { nothing, time, word } from "./format.js";

export function jobLink(id, text = String(id)) {
  return h("a", { href: `#/jobs/${id}`, class: "number" }, text);
}

export function handlerLink(name) {
  return h("a", { href: address("/history", { handler: name }) }, name);
}

/** The state of a job, the outcome of an attempt, or the level of pressure. */
export function state(value, more) {
  return h("span", { class: "state", "data-state": value ?? "none" },
    word(value), more ? ` · ${more}` : null);
}

export function when(value) {
  return value ? h("time", { datetime: value, title: value }, time(value)) : nothing;
}

/** A bar of how much of a whole is used, with the words beside it; memory that runs short is marked. */
export function meter(label, used, whole, text) {
  const part = whole > 0 && used !== undefined ? Math.min(1, used / whole) : 0;
  return h("span", { class: "metered" },
    h("span", {
      class: "meter", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": Math.round(part * 100), "aria-valuetext": text, "data-full": label === "memory" && part >= 0.9,
    }, h("span", { style: { width: `${(part * 100).toFixed(1)}%` } })),
    h("span", { class: "words" }, text));
}

export function progress(value) {
  if (!value) return nothing;
  const percent = `${Math.floor(value.fraction * 100)} %`;
  return meter("progress", value.fraction, 1, value.message ? `${percent} ${value.message}` : percent);
}

export function labels(values) {
  const names = Object.keys(values ?? {}).sort();
  return names.length
    ? h("span", { class: "labels" }, names.map((name) => h("span", {}, `${name}=${values[name]}`))) : nothing;
}

/**
 * A table that changes in place, so that what has the focus keeps it.
 *
 * `columns` are `{ name, cell(row), number?, wide? }`: `number` stands right, `wide` goes on small screens.
 */
export class Table {
  constructor(caption, columns, key, empty = "nothing") {
    this.columns = columns;
    this.key = key;
    this.rows = new Map();
    this.body = h("tbody");
    this.empty = h("p", { class: "empty" }, empty);
    this.table = h("table", {}, h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) =>
        h("th", { scope: "col", class: this.look(column) }, column.name)))), this.body);
    this.scroller = h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
      this.table);
    this.element = h("div", {}, this.scroller, this.empty);
    this.update([]);
  }

  look(column) {
    return [column.number && "number", column.wide && "wide"].filter(Boolean).join(" ") || undefined;
  }

  update(items) {
    this.scroller.hidden = items.length === 0;
    this.empty.hidden = items.length > 0;
    const keys = items.map((item, index) => String(this.key(item, index)));
    const wanted = new Set(keys);
    // What is gone goes first: a row that is moved would lose the focus.
    for (const [key, row] of this.rows) if (!wanted.has(key)) row.remove();
    const rows = new Map();
    items.forEach((item, index) => {
      const key = keys[index];
      const row = this.rows.get(key) ?? h("tr", { "data-key": key }, this.columns.map((column) =>
        h("td", { class: this.look(column) })));
      this.columns.forEach((column, place) => fill(row.children[place], column.cell(item)));
      rows.set(key, row);
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
    });
    this.rows = rows;
  }
}

/** Terms with what they are; those without a value are left out. */
export function facts(items) {
  return h("dl", { class: "facts" }, items.filter(([, value]) => value !== undefined && value !== nothing)
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function section(title, ...children) {
  return h("section", { "aria-label": title }, h("h2", {}, title), ...children);
}

/** A button that asks the runner to change something, says `said` of it, and gives the answer to `then`. */
export function action(context, text, { path, body, said = text, then = () => {}, danger = false, name }) {
  return h("button", {
    type: "button", class: danger ? "danger" : undefined, "aria-label": name,
    on: {
      click: (event) => context.act(event.currentTarget, said, async () => {
        await then(await post(path, body));
      }),
    },
  }, text);
}

const waiting = new Set(["blocked", "scheduled", "queued"]);
const over = new Set(["succeeded", "failed", "cancelled"]);

export const isOver = (job) => over.has(job.state);
export const isWaiting = (job) => waiting.has(job.state);

/** What can be done with a job as it is. */
export function jobActions(context, job, then) {
  const path = `/jobs/${job.id}`;
  const make = (text, verb, more) => action(context, text, {
    path: `${path}/${verb}`, said: `${verb} job ${job.id}: done`, name: `${text} job ${job.id}`, then,
    ...more,
  });
  const buttons = [];
  if (isWaiting(job)) {
    buttons.push(job.held ? make("Release", "release") : make("Hold", "hold"));
  }
  if (!isOver(job) && !job.cancel_requested) buttons.push(make("Cancel", "cancel", { danger: true }));
  if (job.state === "failed") buttons.push(make("Retry", "retry", { body: {} }));
  return h("span", { class: "actions" }, buttons);
}

/** A field with its label; `control` gets the id. */
export function field(label, id, control, hint) {
  control.setAttribute("id", id);
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null);
}

export function choice(values, chosen, any) {
  return h("select", {}, any !== undefined ? h("option", { value: "" }, any) : null,
    values.map((value) => h("option", { value, selected: value === chosen }, word(value))));
}
