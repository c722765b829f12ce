// Jobs that depend on each other.

import { get } from "./api.js";
import { address, calm, fill, h } from "./dom.js";
import { nothing, since } from "./format.js";
import { graph, stateOf } from "./graph.js";
import { action, jobLink, section, state, Table, when } from "./parts.js";

export const title = "Workflows";

const page = 50;
/** So many jobs of a step are linked to; a step can have thousands. */
const mostLinks = 12;

export async function show(context) {
  return context.parts.length ? showOne(context, Number(context.parts[0])) : showAll(context);
}

async function showAll(context) {
  const { main, query, signal } = context;
  const before = query.get("before") ?? "";
  const table = new Table("Workflows", [
    { name: "Workflow", number: true, cell: (row) => h("a", { href: `#/workflows/${row.id}` }, row.id) },
    { name: "Name", cell: (row) => row.name },
    { name: "State", cell: (row) => state(row.state) },
    { name: "Submitted", cell: (row) => when(row.submitted) },
    { name: "Jobs", cell: (row) => tally(row.jobs) },
  ], (row) => row.id, "There are no workflows.");
  const turns = h("nav", { class: "turns", "aria-label": "Pages of workflows" });
  main.append(h("h1", {}, "Workflows"), section("All workflows", table.element, turns));
  const look = async () => {
    const found = await get("/workflows", { before, limit: page }, signal);
    table.update(found.workflows);
    fill(turns, before ? h("a", { href: "#/workflows" }, "Newest") : null,
      found.next && found.workflows.length === page
        ? h("a", { href: address("/workflows", { before: found.next }) }, "Older") : null);
  };
  watch(context, look);
  await look();
}

function watch(context, look) {
  const soon = calm(() => context.attempt(look), 400);
  context.signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (event.type.startsWith("job.") || event.type === "reset") soon();
  });
}

function tally(jobs) {
  return Object.entries(jobs).map(([name, count]) => `${count} ${name}`).join(", ") || nothing;
}

function need([name, condition]) {
  return condition === "ok" ? name : `${name} (${condition})`;
}

async function showOne(context, id) {
  const { main, signal } = context;
  if (!Number.isSafeInteger(id) || id < 1) throw new Error("a workflow is a number, like 3");
  const head = h("div");
  const drawing = h("div");
  const steps = new Table("Steps", [
    { name: "Step", cell: (step) => step.name },
    { name: "State", cell: (step) => state(stateOf(step)) },
    { name: "Needs", cell: (step) => Object.entries(step.needs).map(need).join(", ") || nothing },
    { name: "Jobs", cell: (step) => [step.jobs.slice(0, mostLinks).map((job) => [jobLink(job.id), " "]),
      step.jobs.length > mostLinks ? `and ${step.jobs.length - mostLinks} more` : null] },
  ], (step) => step.name, "It has no steps.");
  main.append(head, section("Graph", drawing), section("Steps", steps.element));
  const look = async () => {
    const { workflow, steps: found } = await get(`/workflows/${id}`, {}, signal);
    fill(head, header(context, workflow, () => context.attempt(look)));
    fill(drawing, graph(workflow.name, found));
    steps.update(found);
  };
  watch(context, look);
  await look();
}

function header(context, workflow, then) {
  const make = (text, verb, more) => action(context, text, {
    path: `/workflows/${workflow.id}/${verb}`, name: `${text}, workflow ${workflow.id}`, then, ...more,
  });
  const hasFailed = Boolean(workflow.jobs.failed || workflow.jobs.cancelled);
  return [
    h("div", { class: "heading" }, h("h1", {}, `Workflow ${workflow.id}`), state(workflow.state),
      h("span", { class: "actions" },
        workflow.state === "active" ? make("Cancel", "cancel", { danger: true }) : null,
        hasFailed ? make("Retry what failed", "retry-failed") : null)),
    h("p", { class: "lead" },
      `${workflow.name} · submitted ${since(workflow.submitted)} ago · ${tally(workflow.jobs)}`),
  ];
}
