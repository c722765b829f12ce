// Attempts that were, by the filters of `millrace history`; the address says which.

import { get } from "./api.js";
import { hasCluster, place } from "./cluster.js";
import { address, fill, h } from "./dom.js";
import { bytes, cpuSeconds, seconds, sizeFrom, successes, word } from "./format.js";
import { choice, facts, field, handlerLink, jobLink, labels, section, state, Table, when } from "./parts.js";

export const title = "History";

const page = 50;
const states = ["blocked", "scheduled", "queued", "starting", "running", "succeeded", "failed", "cancelled"];
const outcomes = [
  "succeeded", "error", "crashed", "oomOwnLimit", "oomPressure", "timedOut", "cancelled", "evicted",
  "snoozed", "lost",
];
const sorts = ["time", "memory", "cpu", "duration", "wait"];
const filters = [
  "handler", "state", "outcome", "class", "label", "job", "node", "since", "until", "min_memory", "sort",
];

export async function show(context) {
  const { main, query, signal } = context;
  const table = attemptTable();
  const figures = h("div");
  const turns = h("nav", { class: "turns", "aria-label": "Pages of the history" });
  main.append(h("h1", {}, "History"), form(context), figures, section("Attempts", table.element, turns));
  const asked = {};
  for (const name of filters) {
    const values = query.getAll(name).filter(Boolean);
    if (values.length) asked[name] = values;
  }
  if (asked.min_memory) asked.min_memory = sizeOf(asked.min_memory[0]);
  const after = query.get("after") ?? undefined;
  const [found, sums] = await Promise.all([
    get("/history", { ...asked, after, limit: page }, signal), get("/history/summary", asked, signal),
  ]);
  table.update(found.attempts);
  fill(figures, summary(sums));
  const at = (after, text) => h("a", { href: address("/history", {
    ...Object.fromEntries(filters.map((name) => [name, query.getAll(name)])), after,
  }) }, text);
  fill(turns, after === undefined ? null : at(undefined, "First page"),
    found.next === undefined ? null : at(found.next, "Next page"));
}

function sizeOf(text) {
  const size = sizeFrom(text);
  if (Number.isNaN(size)) throw new Error(`\`${text}\` is no size; say 64M`);
  return size;
}

function form({ query }) {
  const text = (name, more = {}) => h("input", {
    name, value: query.get(name) ?? "", autocomplete: "off", spellcheck: "false", ...more,
  });
  const pick = (name, values, any) => {
    const select = choice(values, query.get(name) ?? undefined, any);
    select.setAttribute("name", name);
    return select;
  };
  const fields = [
    field("Handler", "f-handler", text("handler")),
    field("Outcome", "f-outcome", pick("outcome", outcomes, "any")),
    field("State of the job", "f-state", pick("state", states, "any")),
    field("Class", "f-class", text("class")),
    field("Label", "f-label", text("label", { placeholder: "name=value" })),
    field("Job", "f-job", text("job", { inputmode: "numeric" })),
    hasCluster() || query.get("node") ? field("Node", "f-node", text("node")) : null,
    field("Since", "f-since", text("since", { placeholder: "2026-11-29" })),
    field("Until", "f-until", text("until", { placeholder: "2026-11-30" })),
    field("At least this memory", "f-memory", text("min_memory", { placeholder: "64M" })),
    field("Largest first by", "f-sort", pick("sort", sorts)),
  ];
  return h("form", {
    class: "filters", "aria-label": "Filters",
    on: {
      submit: (event) => {
        event.preventDefault();
        const items = Object.fromEntries(new FormData(event.currentTarget));
        if (items.sort === "time") delete items.sort;
        location.hash = address("/history", items);
      },
    },
  }, fields, h("div", { class: "bar" }, h("button", { type: "submit" }, "Show"),
    h("a", { href: "#/history" }, "All")));
}

function summary(rows) {
  const sum = (pick) => rows.reduce((sum, row) => sum + (pick(row) ?? 0), 0);
  const attempts = sum((row) => row.attempts);
  if (!attempts) return null;
  const most = Math.max(...rows.map((row) => row.memory_max_bytes ?? 0));
  return facts([
    ["Attempts", attempts.toLocaleString("en")],
    ["Succeeded", successes(rows)],
    ["CPU time", seconds(sum((row) => row.cpu_total_seconds))], ["Largest peak", bytes(most)],
    ["Handlers", rows.length],
  ]);
}

function attemptTable() {
  return new Table("Attempts", [
    { name: "Attempt", number: true, cell: (row) => jobLink(row.job, row.id) },
    { name: "Handler", cell: (row) => handlerLink(row.handler) },
    { name: "Outcome", cell: (row) => [state(row.outcome ?? row.state), place(row)] },
    { name: "Started", cell: (row) => when(row.started ?? row.starting) },
    { name: "Waited", number: true, cell: (row) => seconds(row.wait_seconds) },
    { name: "Ran", number: true, cell: (row) => seconds(row.run_seconds) },
    { name: "Memory peak", number: true, cell: (row) => bytes(row.usage.memory_peak_bytes) },
    { name: "Limit", number: true, wide: true, cell: (row) => bytes(row.limits.memory_bytes) },
    { name: "CPU time", number: true, wide: true, cell: ({ usage }) => seconds(cpuSeconds(usage)) },
    { name: "Class", wide: true, cell: (row) => word(row.class) },
    { name: "Labels", wide: true, cell: (row) => labels(row.labels) },
  ], (row) => row.id, "No attempt is like that.");
}
