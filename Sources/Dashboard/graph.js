// A workflow as a drawing: steps in layers, each to the right of all that it needs.

import { h } from "./dom.js";

const width = 168;
const height = 46;
const gap = { x: 56, y: 18 };

/** Which layer each step is in: one more than the furthest of those that it needs. */
function layers(steps) {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const found = new Map();
  const layer = (name) => {
    if (found.has(name)) return found.get(name);
    found.set(name, 0); // A circle can't be submitted; if there were one, it would end here.
    const needs = Object.keys(byName.get(name).needs).filter((need) => byName.has(need));
    const value = needs.length ? 1 + Math.max(...needs.map(layer)) : 0;
    found.set(name, value);
    return value;
  };
  const result = [];
  for (const { name } of steps) (result[layer(name)] ??= []).push(byName.get(name));
  return ordered(result);
}

/** Puts each step beside the middle of what it needs, so that few lines cross. */
function ordered(result) {
  const places = new Map();
  return result.map((steps) => {
    const middle = (step) => {
      const rows = Object.keys(step.needs).map((name) => places.get(name)).filter((row) => row !== undefined);
      return rows.length ? rows.reduce((sum, row) => sum + row, 0) / rows.length : 0;
    };
    const sorted = [...steps].sort((a, b) => middle(a) - middle(b));
    sorted.forEach((step, row) => places.set(step.name, row));
    return sorted;
  });
}

/** What a step has come to, by its jobs: the least good, or the furthest. */
export function stateOf(step) {
  const order = ["failed", "cancelled", "running", "starting", "queued", "scheduled", "blocked", "succeeded"];
  return order.find((state) => step.jobs.some((job) => job.state === state)) ?? "none";
}

/** Draws steps; `here` is the one that the page is about, if it is about one. */
export function graph(name, steps, here) {
  const columns = layers(steps);
  const rows = Math.max(1, ...columns.map((column) => column.length));
  const size = { x: columns.length * (width + gap.x) - gap.x + 2, y: rows * (height + gap.y) - gap.y + 2 };
  const places = new Map();
  columns.forEach((column, x) => {
    const top = (size.y - 2 - (column.length * (height + gap.y) - gap.y)) / 2;
    column.forEach((step, y) => places.set(step.name,
      { x: 1 + x * (width + gap.x), y: 1 + top + y * (height + gap.y) }));
  });
  return h("div", { class: "scroll", role: "region", "aria-label": `Graph of ${name}`, tabindex: "0" },
    h("svg:svg", { class: "graph", viewBox: `0 0 ${size.x} ${size.y}`, width: size.x, height: size.y,
      role: "group", "aria-label": `${steps.length} steps in ${columns.length} layers` },
    steps.flatMap((step) => Object.entries(step.needs).map(([need, condition]) =>
      line(places.get(need), places.get(step.name), condition))),
    steps.map((step) => node(step, places.get(step.name), step === here))));
}

function line(from, to, condition) {
  if (!from || !to) return null;
  const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
  const bend = (x2 - x1) / 2;
  return h("svg:path", { class: "edge", "data-condition": condition,
    d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

function node(step, place, isHere) {
  const state = stateOf(step);
  const count = step.jobs.length;
  const done = step.jobs.filter((job) => job.state === "succeeded").length;
  const many = count ? `${state} · ${done} of ${count}` : "no job";
  const words = count === 1 ? `${state} · job ${step.jobs[0].id}` : many;
  const short = step.name.length > 18 ? `${step.name.slice(0, 17)}…` : step.name;
  const drawing = h("svg:g",
    { class: "node", "data-state": state, transform: `translate(${place.x} ${place.y})` },
    h("svg:title", {}, step.name), h("svg:rect", { width, height, rx: 4 }),
    h("svg:text", { x: 12, y: 19, class: "name" }, short),
    h("svg:text", { x: 12, y: 36, class: "words" }, words));
  const first = step.jobs.find((job) => job.state === state) ?? step.jobs[0];
  if (!first) return drawing;
  return h("svg:a", { href: `#/jobs/${first.id}`, "aria-label": `${step.name}: ${words}`,
    "aria-current": isHere ? "step" : undefined }, drawing);
}
