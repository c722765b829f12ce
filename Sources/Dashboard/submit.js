// A form for one job.

import { get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { bytes, nothing, seconds, sizeFrom } from "./format.js";
import { choice, facts, field, when } from "./parts.js";

export const title = "Submit a job";

export async function show(context) {
  const { main, signal } = context;
  const found = await get("/handlers", {}, signal);
  const handlers = found.plugins.flatMap((plugin) => plugin.handlers)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (handlers.length === 0) {
    main.append(h("h1", {}, "Submit a job"), h("p", {}, "No plugin is loaded: there is nothing to run."));
    return;
  }
  const controls = {
    handler: choice(handlers.map((handler) => handler.name), context.query.get("handler") ?? undefined),
    parameters: h("textarea", { rows: 7, spellcheck: "false", required: true }),
    memory: h("input", { placeholder: "as the handler says", autocomplete: "off" }),
    priority: h("input", { type: "number", min: 1, max: 10, value: 5, required: true }),
    class: h("input", { autocomplete: "off" }),
    labels: h("textarea", { rows: 2, spellcheck: "false" }),
    hold: h("input", { type: "checkbox" }),
  };
  const words = h("p", { class: "lead" });
  const schema = h("pre", {
    class: "code", tabindex: "0", role: "region", "aria-label": "Schema of the parameters",
  });
  const forecast = h("div", { "aria-live": "polite" });
  const choose = () => {
    const handler = handlers.find((handler) => handler.name === controls.handler.value);
    words.textContent = handler.summary;
    schema.textContent = JSON.stringify(handler.parameter_schema ?? {}, null, 2);
    controls.parameters.value = JSON.stringify(skeleton(handler.parameter_schema), null, 2);
    forecast.replaceChildren();
  };
  controls.handler.addEventListener("change", choose);
  main.append(h("h1", {}, "Submit a job"), form(context, controls, words, forecast),
    h("details", {}, h("summary", {}, "What the handler takes"), schema));
  choose();
}

function form(context, controls, words, forecast) {
  const rehearse = h("button", {
    type: "button", class: "quiet",
    on: {
      click: (event) => context.act(event.currentTarget, "rehearsed", async () => {
        fill(forecast, rehearsal(await post("/jobs/rehearse", request(controls))));
      }),
    },
  }, "Rehearse");
  return h("form", {
    class: "sheet", "aria-label": "Job",
    on: {
      submit: (event) => {
        event.preventDefault();
        context.act(event.submitter, "submitted", async () => {
          const job = await post("/jobs", request(controls));
          location.hash = `#/jobs/${job.id}`;
        });
      },
    },
  },
  field("Handler", "s-handler", controls.handler), words,
  field("Parameters, as JSON", "s-parameters", controls.parameters),
  h("div", { class: "row" }, field("Memory limit", "s-memory", controls.memory, "64M, 1.5G"),
    field("Priority", "s-priority", controls.priority, "1 to 10, higher is sooner"),
    field("Class", "s-class", controls.class, "learned by itself")),
  field("Labels", "s-labels", controls.labels, "name=value, a line each"),
  field("Hold it until it is released", "s-hold", controls.hold),
  h("div", { class: "bar" }, h("button", { type: "submit" }, "Submit"), rehearse), forecast);
}

/** Reads the form; throws what is wrong with it before the runner is asked. */
function request(controls) {
  let parameters;
  try {
    parameters = JSON.parse(controls.parameters.value || "{}");
  } catch (error) {
    throw new Error(`the parameters are no JSON: ${error.message}`);
  }
  const memory = sizeFrom(controls.memory.value);
  if (Number.isNaN(memory)) throw new Error(`\`${controls.memory.value}\` is no size; say 64M`);
  const labels = {};
  for (const line of controls.labels.value.split("\n").filter((line) => line.trim())) {
    const equals = line.indexOf("=");
    if (equals < 1) throw new Error(`\`${line}\` is no label; say name=value`);
    labels[line.slice(0, equals).trim()] = line.slice(equals + 1).trim();
  }
  return {
    handler: controls.handler.value, parameters, priority: Number(controls.priority.value), labels,
    memory_bytes: memory, class: controls.class.value.trim() || undefined,
    hold: controls.hold.checked || undefined,
  };
}

/** The members that a schema requires, each with a value of its type. */
function skeleton(schema) {
  const empty = { string: "", array: [], object: {}, boolean: false, integer: 0, number: 0 };
  const names = schema?.required ?? [];
  return Object.fromEntries(names.map((name) => {
    const member = schema.properties?.[name] ?? {};
    return [name, member.default ?? empty[[member.type].flat()[0]] ?? null];
  }));
}

function rehearsal(answer) {
  const closed = answer.explanation.gates.filter((gate) => !gate.open);
  const { start } = answer.forecast;
  return [
    facts([
      ["Would start", start ? when(start) : closed.length ? nothing : "at once"],
      ["Memory limit", bytes(answer.limits.memory_bytes)],
      ["Expected memory", bytes(answer.explanation.estimate.memory_bytes)],
      ["Time limit", seconds(answer.timeout_seconds)],
    ]),
    closed.length
      ? h("ul", { class: "notices" }, closed.map((gate) => h("li", {}, `${gate.gate}: ${gate.reason}`)))
      : null,
  ];
}
