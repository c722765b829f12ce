// Jobs that failed for good, with what can be done about them.

import { get, post } from "./api.js";
import { address, calm, fill, h } from "./dom.js";
import { bytes, nothing } from "./format.js";
import { action, handlerLink, jobLink, section, state, Table, when } from "./parts.js";

export const title = "Dead letters";

const page = 50;

export async function show(context) {
  const { main, query, signal } = context;
  const handler = query.get("handler") ?? "";
  const before = query.get("before") ?? "";
  const turns = h("nav", { class: "turns", "aria-label": "Pages of dead letters" });
  let shown = [];
  const retryAll = h("button", {
    type: "button", hidden: true,
    on: {
      click: ({ currentTarget }) => context.act(currentTarget, "they are tried again", async () => {
        await post("/dead/retry", { ids: shown });
        await look();
      }),
    },
  });
  const look = async () => {
    const found = await get("/dead", { handler, before, limit: page }, signal);
    table.update(found.jobs);
    shown = found.jobs.map(({ job }) => job.id);
    retryAll.hidden = shown.length < 2;
    retryAll.textContent = `Retry these ${shown.length}`;
    fill(turns, before ? h("a", { href: address("/dead", { handler }) }, "Newest") : null,
      found.next && found.jobs.length === page
        ? h("a", { href: address("/dead", { handler, before: found.next }) }, "Older") : null);
  };
  const table = deadTable(context, look);
  main.append(h("h1", {}, "Dead letters"),
    h("p", { class: "lead" }, "Jobs that used up their attempts. A retry gives them their attempts anew, "
      + "under their number."),
    section("Failed jobs", h("div", { class: "bar" }, retryAll), table.element, turns));
  const soon = calm(() => context.attempt(look), 300);
  signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (event.type === "job.failed" || event.type === "job.revived") soon();
  });
  await look();
}

function deadTable(context, then) {
  const retry = (job, text, body) => action(context, text, {
    path: `/jobs/${job.id}/retry`, body, said: `job ${job.id} is tried again`, name: `${text}, job ${job.id}`,
    then,
  });
  return new Table("Failed jobs", [
    { name: "Job", number: true, cell: ({ job }) => jobLink(job.id) },
    { name: "Handler", cell: ({ job }) => handlerLink(job.handler) },
    { name: "Last outcome", cell: ({ job, last }) => [state(last?.outcome ?? "failed"),
      h("small", { class: "below" }, last?.failure?.message ?? job.reason?.message ?? endOf(last))] },
    { name: "Ended", cell: ({ job }) => when(job.ended) },
    { name: "Attempts", number: true, cell: ({ job }) => job.attempts_used },
    { name: "Memory limit", number: true, wide: true, cell: ({ job }) => bytes(job.limits.memory_bytes) },
    { name: "Owner", wide: true, cell: ({ job }) => job.owner ?? nothing },
    { name: "Change", cell: ({ job, last }) => h("span", { class: "actions" }, retry(job, "Retry", {}),
      last?.outcome === "oomOwnLimit"
        ? retry(job, "Retry with 50 % more memory", { more_memory_percent: 50 }) : null) },
  ], ({ job }) => job.id, "No job has failed for good.");
}

function endOf(last) {
  if (last?.signal) return `signal ${last.signal}`;
  return last?.exit_code ? `exit code ${last.exit_code}` : null;
}
