// What runs and what waits, at this moment.

import { activity } from "./activity.js";
import { get } from "./api.js";
import { activityChart } from "./charts.js";
import { place } from "./cluster.js";
import { calm, fill, h } from "./dom.js";
import { bytes, nothing, processors, since, successes, word } from "./format.js";
import {
  handlerLink, jobActions, jobLink, labels, meter, progress, section, state, Table,
} from "./parts.js";

export const title = "Overview";

export async function show(context) {
  const { main, signal } = context;
  const figures = h("div", { class: "figures" });
  const notices = h("ul", { class: "notices", "aria-label": "Notices" });
  const running = runningTable(context);
  const queue = queueTable(context);
  const more = h("p", { class: "hint" });
  const canvas = h("canvas", { role: "img" });
  const outcomes = outcomeTable();
  main.append(
    h("h1", { class: "unseen" }, "Overview"), figures, notices,
    section("Running", running.element),
    section("Queue", queue.element, more),
    h("div", { class: "columns" },
      section("Starts and ends per minute", h("div", { class: "chart" }, canvas),
        h("p", { class: "legend" }, h("span", { "data-mark": "ink" }, "started"),
          h("span", { "data-mark": "accent" }, "succeeded"),
          h("span", { "data-mark": "bad" }, "ended otherwise"))),
      section("Outcomes of 24 hours", outcomes.element)));

  const draw = activityChart(canvas, signal, activity.lastHour());
  const redraw = () => {
    const rows = activity.lastHour();
    draw(rows);
    const sum = (name) => rows.reduce((sum, row) => sum + row[name], 0);
    canvas.setAttribute("aria-label", `In the last hour ${sum("starts")} attempts started, `
      + `${sum("succeeded")} succeeded, ${sum("others")} ended otherwise`);
  };
  redraw();
  const drawSoon = calm(redraw, 300);

  const look = async () => {
    const top = await get("/top", { queued: 50 }, signal);
    fill(figures, summary(top.status));
    notices.hidden = top.status.notices.length === 0 && !top.status.record_trouble;
    fill(notices, top.status.record_trouble ? h("li", {}, top.status.record_trouble) : null,
      top.status.notices.map((notice) => h("li", {}, notice.text)));
    running.update(top.running);
    queue.update(top.queued);
    const left = top.status.queued - top.queued.filter((row) => !row.held).length;
    more.textContent = left > 0 ? `and ${left} more behind these` : "";
  };
  const soon = calm(() => context.attempt(look), 150);
  const lookBack = async () => {
    const day = new Date(Date.now() - 86_400_000).toISOString();
    outcomes.update(await get("/history/summary", { since: day }, signal));
  };
  const later = calm(() => context.attempt(lookBack), 1500);
  signal.addEventListener("abort", () => [soon, later, drawSoon].forEach((call) => call.stop()));
  context.onEvent((event) => {
    if (event.type === "attempt.ended") later();
    if (event.type.startsWith("attempt.")) drawSoon();
    soon();
  });
  await context.every(2000, look);
  await context.every(60_000, lookBack);
}

function summary(status) {
  const { used, capacity } = status;
  const of = (value, whole) => [h("b", {}, value), h("small", {}, ` of ${whole}`)];
  return [
    figure("Running", of(status.running, capacity.slots), meter("slots", used.slots, capacity.slots, "")),
    figure("Queued", [h("b", {}, status.queued)],
      [status.scheduled ? `${status.scheduled} scheduled` : null, status.held ? `${status.held} held` : null]
        .filter(Boolean).join(" · ") || "none scheduled or held"),
    figure("Memory", of(bytes(used.memory_bytes), bytes(capacity.memory_bytes)),
      meter("memory", used.memory_bytes, capacity.memory_bytes, "")),
    figure("Processors", of(processors(used.cpu_millis), processors(capacity.cpu_millis)),
      meter("processors", used.cpu_millis, capacity.cpu_millis, "")),
    figure("Pressure", [h("b", { "data-state": status.pressure }, status.pressure)],
      status.pressure === "none"
        ? `load ${status.machine.load ?? nothing} · up ${since(status.started)}` : status.pressure_cause),
    figure("Runner", [h("b", { "data-state": status.healthy ? "none" : "critical" }, runnerWord(status))],
      `millraced ${status.version}`),
    status.cluster ? cluster(status.cluster) : null,
  ];
}

function cluster(found) {
  const { trouble, outstanding, bound, waiting, nodes, usable } = found;
  return figure("Cluster",
    trouble ? [h("b", { "data-state": "critical" }, "away")] : [h("b", {}, outstanding), h("small", {}, ` of ${bound}`)],
    trouble ?? `${usable} of ${nodes} nodes usable${waiting ? ` · ${waiting} attempts without a node` : ""}`);
}

function runnerWord(status) {
  if (!status.healthy) return "in trouble";
  if (status.draining) return "stopping";
  const paused = status.stations?.find((station) => station.kind === "runner" && station.state !== "running"
    && station.state !== "idle");
  return paused ? paused.state : "healthy";
}

function figure(name, value, more) {
  return h("div", {}, h("h2", {}, name), h("p", { class: "value" }, value), h("p", { class: "more" }, more));
}

function runningTable(context) {
  return new Table("Running attempts", [
    { name: "Job", number: true, cell: (row) => jobLink(row.job, `${row.job}.${row.attempt}`) },
    { name: "Handler", cell: (row) => handlerLink(row.handler) },
    { name: "State", wide: true, cell: (row) => [state(stateOf(row)), place(row)] },
    { name: "For", number: true, wide: true, cell: (row) => since(row.started ?? row.since) },
    { name: "Memory", cell: (row) => usage("memory", row.memory_bytes, row.limits.memory_bytes, bytes) },
    { name: "CPU", cell: (row) => usage("processors", row.cpu_millis, row.limits.cpu_millis, processors) },
    { name: "Progress", wide: true, cell: (row) => progress(row.progress) },
    { name: "Labels", wide: true, cell: (row) => labels(row.labels) },
    { name: "Change", cell: (row) => jobActions(context, { id: row.job, state: row.state,
      cancel_requested: row.stopping }, () => {}) },
  ], (row) => `${row.job}.${row.attempt}`, "Nothing runs.");
}

function stateOf(row) {
  if (row.frozen_since) return "frozen";
  return row.stopping ? "stopping" : row.state;
}

function usage(name, used, limit, unit) {
  return meter(name, used, limit, `${unit(used)} / ${unit(limit)}`);
}

function queueTable(context) {
  return new Table("Queue, by rank", [
    { name: "Job", number: true, cell: (row) => jobLink(row.job) },
    { name: "Handler", cell: (row) => handlerLink(row.handler) },
    { name: "Waits", number: true, wide: true, cell: (row) => since(row.since) },
    { name: "Priority", number: true, wide: true, cell: (row) => row.priority },
    { name: "Gate", cell: (row) => gate(row) },
    { name: "Labels", wide: true, cell: (row) => labels(row.labels) },
    { name: "Change", cell: (row) => jobActions(context, { id: row.job, state: row.state, held: row.held },
      () => {}) },
  ], (row) => row.job, "Nothing waits.");
}

function gate(row) {
  if (!row.gate) return h("span", { class: "gate", "data-open": "true" }, "open");
  return h("span", { class: "gate", "data-open": "false" },
    word(row.gate.gate), h("small", {}, row.gate.reason));
}

function outcomeTable() {
  return new Table("Outcomes of 24 hours, by handler", [
    { name: "Handler", cell: (row) => handlerLink(row.handler) },
    { name: "Attempts", number: true, cell: (row) => row.attempts },
    { name: "Succeeded", number: true, cell: (row) => successes([row]) },
    { name: "Otherwise", cell: (row) => Object.entries(row.outcomes).filter(([name]) => name !== "succeeded")
      .map(([name, count]) => `${count} ${word(name)}`).join(", ") || nothing },
  ], (row) => row.handler, "Nothing has ended.");
}
