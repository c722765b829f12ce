// What can be run: plugins, their builds, what was learned of their handlers, and what stops them.

import { get } from "./api.js";
import { calm, fill, h } from "./dom.js";
import { bytes, nothing, processors, seconds } from "./format.js";
import { action, handlerLink, meter, section, state, Table, when } from "./parts.js";

export const title = "Handlers";

export async function show(context) {
  const { main, signal } = context;
  const plugins = h("div");
  const refused = refusedTable();
  const refusedSection = section("Refused files", refused.element);
  main.append(h("h1", {}, "Handlers"), plugins, refusedSection);
  const tables = new Map();
  const look = async () => {
    const [found, learned] = await Promise.all([
      get("/handlers", {}, signal), get("/statistics", {}, signal),
    ]);
    const figures = new Map(learned.handlers.filter((row) => row.class === undefined)
      .map((row) => [row.handler, row]));
    for (const [name, known] of tables) {
      if (found.plugins.some((plugin) => plugin.name === name)) continue;
      known.element.remove();
      tables.delete(name);
    }
    for (const plugin of found.plugins) {
      const known = tables.get(plugin.name)
        ?? pluginSection(context, plugin.name, () => context.attempt(look));
      if (!tables.has(plugin.name)) plugins.append(known.element);
      tables.set(plugin.name, known);
      fill(known.build, `version ${plugin.version} · build `, code(plugin.sha256));
      fill(known.standIn, standIn(plugin.stands_in));
      await known.builds.look();
      known.table.update(plugin.handlers.map((handler) =>
        ({ ...handler, learned: figures.get(handler.name) })));
    }
    refused.update(found.refused);
    refusedSection.hidden = found.refused.length === 0;
  };
  const soon = calm(() => context.attempt(look), 300);
  signal.addEventListener("abort", soon.stop);
  context.onEvent((event) => {
    if (/^(handler|plugin|runner)\./.test(event.type)) soon();
  });
  await context.every(30_000, look);
}

function pluginSection(context, name, then) {
  const build = h("p", { class: "lead" });
  const standIn = h("p", { class: "lead" });
  const table = handlerTable(context, name, then);
  const builds = buildList(context, name);
  const element = section(name, build, standIn, table.element, builds.element);
  return { build, standIn, table, builds, element };
}

const code = (sha256) => h("code", { title: sha256 }, sha256.slice(0, 12));

/** What lies in the plugin directory, if an earlier build serves in its place. */
function standIn(other) {
  if (!other) return null;
  return other.quarantine
    ? ["in the place of build ", code(other.sha256), ", in quarantine since ", when(other.quarantine.since),
      `: ${other.quarantine.reason}`]
    : ["in the place of build ", code(other.sha256), ", from which somebody went back"];
}

/** The builds of a plugin, which are asked for as long as somebody looks at them. */
function buildList(context, plugin) {
  const table = new Table(`Builds of ${plugin}`, [
    { name: "Build", cell: (row) => code(row.sha256) },
    { name: "Version", cell: (row) => row.version ?? nothing },
    { name: "State", cell: (row) => [
      state(row.state), row.quarantine ? h("small", { class: "below" }, row.quarantine.reason) : null] },
    { name: "Since", cell: (row) => when(row.since) },
    { name: "Signed by", wide: true, cell: (row) => row.signer ?? nothing },
  ], (row) => row.sha256, "None is known.");
  const look = async () => {
    if (!element.open) return;
    const { builds } = await get(`/handlers/${encodeURIComponent(plugin)}/builds`, {}, context.signal);
    table.update(builds);
  };
  const element = h("details", { on: { toggle: () => context.attempt(look) } },
    h("summary", {}, "Builds"), table.element);
  return { element, look };
}

function handlerTable(context, plugin, then) {
  return new Table(`Handlers of ${plugin}`, [
    { name: "Handler", cell: (row) => [handlerLink(row.name), h("small", { class: "below" }, row.summary)] },
    { name: "Limits", cell: limits },
    { name: "Memory p95", cell: (row) => footprint(row) },
    { name: "CPU p95", number: true, cell: (row) => processors(row.learned?.cpu_millis?.p95) },
    { name: "Run p50 / p95", number: true, cell: (row) => (row.learned?.run_seconds
      ? `${seconds(row.learned.run_seconds.p50)} / ${seconds(row.learned.run_seconds.p95)}` : nothing) },
    { name: "Attempts", number: true, cell: (row) => row.learned?.attempts ?? 0 },
    { name: "At once", number: true, wide: true, cell: (row) => row.concurrency ?? nothing },
    { name: "Rate", wide: true, cell: (row) => row.rate ?? nothing },
    { name: "Breaker", cell: (row) => breaker(row.breaker) },
    { name: "Change", cell: (row) => changes(context, row, then) },
  ], (row) => row.name, "It has no handlers.");
}

function limits(row) {
  const own = [
    row.memory_bytes && bytes(row.memory_bytes), row.cpu_millis && `${processors(row.cpu_millis)} CPU`,
    row.timeout_seconds && seconds(row.timeout_seconds),
  ].filter(Boolean);
  return own.join(" · ") || "the usual ones";
}

function footprint({ learned, memory_bytes: limit }) {
  const memory = learned?.memory_bytes;
  if (!memory) return nothing;
  const words = `${bytes(memory.p95)}, at most ${bytes(memory.max)}`;
  return limit ? meter("memory", memory.p95, limit, words) : words;
}

function breaker(value) {
  if (!value) return nothing;
  const more = value.failures ? `${value.failures} failures` : undefined;
  return [state(value.phase, more),
    value.phase === "open" && value.opens_at
      ? h("small", { class: "below" }, "until ", when(value.opens_at)) : null];
}

function changes(context, row, then) {
  const isPaused = row.station && ["paused", "stopping"].includes(row.station.state);
  const name = row.name;
  return h("span", { class: "actions" },
    isPaused
      ? action(context, "Resume", { path: "/resume", body: { handler: name }, name: `Resume ${name}`, then })
      : action(context, "Pause", { path: "/pause", body: { handler: name }, name: `Pause ${name}`, then }),
    row.breaker && row.breaker.phase !== "closed"
      ? action(context, "Close breaker",
        { path: `/handlers/${name}/reset`, name: `Close breaker of ${name}`, then })
      : null);
}

function refusedTable() {
  return new Table("Refused files", [
    { name: "File", cell: (row) => row.path }, { name: "Why", cell: (row) => row.reason },
  ], (row) => row.path);
}
