// One job: what it is, why it waits, what its attempts did, and what it says.

import { get } from "./api.js";
import { usageChart } from "./charts.js";
import { place } from "./cluster.js";
import { calm, fill, h } from "./dom.js";
import { bytes, cpuSeconds, nothing, processors, seconds, since, word } from "./format.js";
import { LogView } from "./log.js";
import { NeedsView } from "./needs.js";
import {
  facts, handlerLink, isOver, isWaiting, jobActions, jobLink, labels, meter, progress, section, state, Table,
  when,
} from "./parts.js";

export const title = "Job";

/** So many measurements are kept, a second each. */
const mostPoints = 900;

export async function show(context) {
  const { main, signal } = context;
  const id = Number(context.parts[0]);
  if (!Number.isSafeInteger(id) || id < 1) throw new Error("a job is a number, like 42");
  const head = h("div");
  const gates = gateTable();
  const why = h("p", { class: "lead" });
  const gateSection = section("Gates", why, gates.element);
  const attempts = attemptTable();
  const measured = usageSection(id, signal);
  const log = new LogView(context, id);
  const needs = new NeedsView(context);
  const details = h("div");
  main.append(head, gateSection, measured.element, section("Attempts", attempts.element), log.element,
    needs.element, section("Limits and links", details));

  let isLive = true;
  const look = async () => {
    const shown = await get(`/jobs/${id}`, {}, signal);
    const { job } = shown;
    fill(head, header(context, shown, () => context.attempt(look)));
    gateSection.hidden = !isWaiting(job);
    if (isWaiting(job)) await explain(id, why, gates, signal);
    attempts.update(placed(shown).reverse());
    await measured.note(shown);
    log.offer(shown.attempts);
    fill(details, moreFacts(shown));
    await needs.begin(job);
    isLive = !isOver(job);
  };
  const soon = calm(() => context.attempt(look), 100);
  signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (event.job === id || event.type === "reset") soon();
  });
  await context.every(1000, () => (isLive ? look() : undefined));
}

/** The attempts; of one in the cluster that has not ended, the job tells where it is. */
function placed({ attempts, cluster }) {
  return attempts.map((row) => (row.ended || !row.place ? row : { ...row, ...cluster }));
}

function header(context, { job, attempts, progress: done }, then) {
  const last = attempts.at(-1);
  const isRunning = job.state === "running" || job.state === "starting";
  return [
    h("div", { class: "heading" },
      h("h1", {}, `Job ${job.id}`), state(job.state, job.held ? "on hold" : undefined),
      jobActions(context, job, then)),
    h("p", { class: "lead" }, handlerLink(job.handler), job.class ? ` · class ${job.class}` : null,
      job.owner ? ` · by ${job.owner}` : null, " · submitted ", when(job.submitted),
      job.ended ? [" · ended ", when(job.ended)] : null,
      isRunning && last?.started ? ` · runs for ${since(last.started)}` : null,
      job.cancel_requested && isRunning ? " · is being cancelled" : null),
    job.reason ? h("p", { class: "mistake" }, job.reason.message) : null,
    done ? h("div", { class: "progress" }, progress(done)) : null,
  ];
}

async function explain(id, why, gates, signal) {
  const { explanation, forecast } = await get(`/jobs/${id}/why`, {}, signal);
  if (!explanation) return;
  gates.update([...explanation.gates].sort((a, b) => Number(a.open) - Number(b.open)));
  const closed = explanation.gates.filter((gate) => !gate.open).length;
  fill(why, closed ? `${closed} of ${explanation.gates.length} gates are closed` : "every gate is open",
    explanation.ahead ? ` · ${explanation.ahead} jobs before it` : null,
    forecast?.start ? [" · starts about ", when(forecast.start)] : null,
    forecast?.basis ? ` (${forecast.basis})` : null);
}

function gateTable() {
  return new Table("Gates", [
    { name: "Gate", cell: (gate) =>
      h("span", { class: "gate", "data-open": String(gate.open) }, word(gate.gate)) },
    { name: "State", cell: (gate) => (gate.open ? "open" : "closed") },
    { name: "Why", cell: (gate) => [gate.reason, gate.job ? [" ", jobLink(gate.job)] : null] },
    { name: "What opens it", cell: (gate) => gate.remedy ?? (gate.opens_at ? when(gate.opens_at) : nothing) },
  ], (gate, index) => `${gate.gate}${index}`);
}

function attemptTable() {
  return new Table("Attempts", [
    { name: "Attempt", number: true, cell: (row) => row.id },
    { name: "Outcome", cell: (row) =>
      [state(row.outcome ?? (row.started ? "running" : "starting")), endWords(row), place(row)] },
    { name: "Started", cell: (row) => when(row.started ?? row.starting) },
    { name: "Waited", number: true, cell: (row) => seconds(row.wait_seconds) },
    { name: "Ran", number: true, cell: (row) => seconds(row.run_seconds) },
    { name: "Memory peak", cell: ({ usage, limits }) => meter("memory", usage.memory_peak_bytes,
      limits.memory_bytes, `${bytes(usage.memory_peak_bytes)} / ${bytes(limits.memory_bytes)}`) },
    { name: "CPU time", number: true, cell: (row) => seconds(cpuSeconds(row.usage)) },
    { name: "Tier", wide: true, cell: (row) => row.tier ?? nothing },
    { name: "Was held by", wide: true, cell: (row) => row.admission.held_by?.reason ?? nothing },
  ], (row) => row.id, "It was not started yet.");
}

function endWords(row) {
  const words = row.failure ? row.failure.message
    : row.signal ? `signal ${row.signal}` : row.exit_code ? `exit code ${row.exit_code}` : null;
  const late = row.late_outcome ? `ended after all: ${word(row.late_outcome)}` : null;
  const all = [words, late].filter(Boolean).join(" · ");
  return all ? h("small", { class: "below" }, all) : null;
}

/** Memory and processors of the attempt that runs, since it started. */
function usageSection(id, signal) {
  const memory = h("canvas", { role: "img" });
  const cpu = h("canvas", { role: "img" });
  const element = section("Usage of this attempt",
    h("div", { class: "columns" },
      h("figure", {}, h("figcaption", {}, "Memory"), h("div", { class: "chart low" }, memory)),
      h("figure", {}, h("figcaption", {}, "Processors"), h("div", { class: "chart low" }, cpu))));
  element.hidden = true;
  let draw;
  let attempt;
  let points = [];
  const note = async ({ job, attempts, working_set_bytes: used, cpu_seconds: spent }) => {
    if (isOver(job) || used === undefined) return;
    const last = attempts.at(-1);
    if (attempt !== last.id) [attempt, points] = [last.id, await measuredBefore(id, last.attempt, signal)];
    points = [...points, { time: Date.now(), used, spent }].slice(-mostPoints);
    element.hidden = false;
    draw ??= {
      memory: usageChart(memory, signal, { label: "memory", unit: bytes, limit: last.limits.memory_bytes }),
      cpu: usageChart(cpu, signal, { label: "processors", unit: processors, limit: last.limits.cpu_millis }),
    };
    const rates = points.map(({ time, spent }, index) => ({ time, value: rate(points[index - 1], spent, time) }));
    draw.memory(points.map((point) => ({ time: point.time, value: point.used })));
    draw.cpu(rates);
    memory.setAttribute("aria-label", `Memory ${bytes(used)} of ${bytes(last.limits.memory_bytes)}`);
    cpu.setAttribute("aria-label",
      `Processors ${processors(rates.at(-1).value)} of ${processors(last.limits.cpu_millis)}`);
  };
  return { element, note };
}

/** What the runner measured of an attempt before the page was opened. */
async function measuredBefore(id, attempt, signal) {
  const known = await get(`/jobs/${id}/usage`, {}, signal);
  if (known.attempt !== attempt) return [];
  return known.points.filter((point) => point.working_set_bytes !== undefined).map((point) => ({
    time: Date.parse(point.time), used: point.working_set_bytes, spent: point.cpu_seconds,
  }));
}

/** Thousandths of a processor since a former point. */
function rate(former, spent, time) {
  // This clock and the runner's may differ.
  if (spent === undefined || former?.spent === undefined || time <= former.time) return 0;
  return Math.max(0, 1e6 * (spent - former.spent) / (time - former.time));
}

function moreFacts({ job, course }) {
  return [
    facts([
      ["Memory limit", bytes(job.limits.memory_bytes)], ["Processors", processors(job.limits.cpu_millis)],
      ["Processes", job.limits.pids], ["Time limit", seconds(job.timeout_seconds)],
      ["Attempts", `${job.attempts_used} of ${job.max_attempts} used`], ["Priority", job.priority],
      ["Place", job.place],
      ["Retried after", course?.retry_on.map(word).join(", ") || nothing],
      ["Next memory limit", course?.next_memory_bytes && bytes(course.next_memory_bytes)],
      ["Labels", labels(job.labels)], ["Group", job.group], ["Key", job.key], ["Step", job.step],
      ["Workflow", job.workflow && h("a", { href: `#/workflows/${job.workflow}` }, job.workflow)],
      ["After", job.after?.map((need) => [jobLink(need.job), ` ${need.condition} `])],
      ["Not before", job.not_before && when(job.not_before)],
      ["Input", job.input_bytes && bytes(job.input_bytes)],
    ]),
    h("h3", {}, "Parameters"),
    h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": "Parameters" },
      JSON.stringify(job.parameters, null, 2)),
  ];
}
