// The cluster: its nodes, what is promised and in use on each, and what runs there.

import { get } from "./api.js";
import { address, calm, fill, h } from "./dom.js";
import { bytes, nothing } from "./format.js";
import { jobLink, meter, section, state, Table, when } from "./parts.js";

export const title = "Nodes";

/** So many attempts of a node are links; the others are counted. */
const mostLinks = 8;
const states = ["busy", "idle", "cooling", "drained", "unhealthy", "offline"];

export async function show(context) {
  const { main, signal } = context;
  const trouble = h("p", { class: "mistake" });
  const lead = h("p", { class: "lead" });
  const table = nodeTable();
  const look = async () => {
    const found = await get("/nodes", {}, signal);
    trouble.hidden = !found.trouble;
    fill(trouble, found.trouble, found.trouble && found.since ? [" · since ", when(found.since)] : null);
    fill(lead, words(found));
    table.update(found.nodes);
  };
  // Without a cluster that is told once.
  await look();
  main.append(h("h1", {}, "Nodes"), trouble, lead, section("Nodes of the cluster", table.element));
  const soon = calm(() => context.attempt(look), 300);
  signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (event.type.startsWith("attempt.") || event.type === "reset") soon();
  });
  await context.every(2000, look);
}

function words(found) {
  const counts = states.map((name) => [name, found.nodes.filter((node) => node.state === name).length])
    .filter(([, count]) => count).map(([name, count]) => `${count} ${name}`);
  return [
    ...counts, `${found.outstanding} of at most ${found.bound} attempts in the cluster`,
    found.waiting ? `${found.waiting} of them without a node` : null,
  ].filter(Boolean).join(" · ");
}

function nodeTable() {
  return new Table("Nodes", [
    { name: "Node", cell: (row) => h("a", { href: address("/history", { node: row.name }) }, row.name) },
    { name: "State", cell: (row) => [state(row.state), why(row)] },
    { name: "Processors promised", cell: (row) => meter("processors promised", row.processors_reserved,
      row.processors, `${row.processors_reserved} / ${row.processors}`) },
    { name: "Load", number: true, wide: true, cell: (row) => row.load ?? nothing },
    { name: "Memory promised", cell: (row) => meter("memory promised", row.memory_reserved_bytes,
      row.memory_bytes, `${bytes(row.memory_reserved_bytes)} / ${bytes(row.memory_bytes)}`) },
    { name: "Memory in use", cell: (row) => used(row) },
    { name: "Attempts", cell: attempts },
    { name: "Last seen", wide: true, cell: (row) => when(row.last_seen) },
  ], (row) => row.name, "The cluster has told of no node yet.");
}

/** Why it gets no attempts, and its state in Slurm's own words if they say more. */
function why(row) {
  const cools = row.cools_until ? ["failed an attempt, gets none until ", when(row.cools_until), " "] : null;
  const words = [row.reason, row.word === row.state ? null : row.word].filter(Boolean).join(" · ");
  return cools || words ? h("small", { class: "below" }, cools, words) : null;
}

function used(row) {
  if (row.memory_free_bytes === undefined) return nothing;
  const amount = Math.max(0, row.memory_bytes - row.memory_free_bytes);
  return meter("memory", amount, row.memory_bytes, bytes(amount));
}

function attempts(row) {
  if (!row.attempt_count) return nothing;
  const links = row.attempts.slice(0, mostLinks).flatMap((id) => [jobLink(id.split(".")[0], id), " "]);
  const left = row.attempt_count - Math.min(mostLinks, row.attempts.length);
  return [links, left > 0 ? `and ${left} more` : null];
}
