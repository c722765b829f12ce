// The page: which view is shown, and what all views share.

import { get, Problem, token } from "./api.js";
import { follow } from "./stream.js";
import { fill, h } from "./dom.js";
import { activity } from "./activity.js";
import * as cluster from "./cluster.js";
import * as dead from "./dead.js";
import * as handlers from "./handlers.js";
import * as history from "./history.js";
import * as job from "./job.js";
import * as nodes from "./nodes.js";
import * as overview from "./overview.js";
import * as schedules from "./schedules.js";
import * as session from "./session.js";
import * as submit from "./submit.js";
import * as workflows from "./workflows.js";

const views = { "": overview, jobs: job, history, handlers, nodes, schedules, workflows, dead, submit };
const main = document.getElementById("main");
const alertRegion = document.getElementById("alert");
const said = document.getElementById("said");
const link = document.getElementById("link");

let leaving = new AbortController();
let streaming = new AbortController();
const listeners = new Set();
/** Whether the last complaint was that nobody answers. */
let isLost = false;

/** What a view is given; all of it ends when the view is left. */
class Context {
  constructor(parts, query, signal) {
    this.main = main;
    this.parts = parts;
    this.query = query;
    this.signal = signal;
  }

  /** Calls `work` at once and then each so many milliseconds, while somebody looks; one at a time. */
  async every(milliseconds, work) {
    await this.attempt(work);
    let isBusy = false;
    const timer = setInterval(async () => {
      if (document.hidden || isBusy) return;
      isBusy = true;
      await this.attempt(work);
      isBusy = false;
    }, milliseconds);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Calls `listener` with each event of the runner. */
  onEvent(listener) {
    listeners.add(listener);
    this.signal.addEventListener("abort", () => listeners.delete(listener));
  }

  /** Does something; what goes wrong is shown. Returns whether nothing did. */
  async attempt(work) {
    try {
      await work();
      if (isLost && !this.signal.aborted) complain();
      return true;
    } catch (error) {
      if (!this.signal.aborted) complain(error);
      return false;
    }
  }

  /** Does what somebody asked for by a button, which waits meanwhile. */
  async act(button, words, work) {
    complain();
    button.disabled = true;
    if (await this.attempt(work)) say(words);
    button.disabled = false;
  }
}

function say(words) {
  said.textContent = words;
}

/** Shows what went wrong; nothing takes the last complaint away. */
function complain(error) {
  alertRegion.hidden = !error;
  isLost = error instanceof TypeError;
  alertRegion.replaceChildren();
  if (!error) return;
  if (error instanceof Problem && error.status === 401) {
    token.clear();
    signIn(error);
    return;
  }
  fill(alertRegion,
    h("p", {}, isLost ? "the runner can't be reached" : error.message),
    error.hint ? h("p", { class: "hint" }, error.hint) : null,
    h("button", { type: "button", class: "quiet", on: { click: () => complain() } }, "Dismiss"));
}

function signIn(problem) {
  leaving.abort();
  streaming.abort();
  leaving = new AbortController();
  alertRegion.hidden = true;
  link.textContent = "signed out";
  document.getElementById("sign-out").hidden = true;
  session.show(main, problem, async (text) => {
    token.set(text);
    try {
      await get("/stations");
    } catch (error) {
      token.clear();
      throw error;
    }
    listen();
    show();
  });
}

/** Shows the view that the address names. */
async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [path, items = ""] = location.hash.slice(1).split("?");
  const [name = "", ...parts] = path.split("/").filter(Boolean).map(decoded);
  const view = Object.hasOwn(views, name) ? views[name] : undefined;
  complain();
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === (name || "overview");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("sign-out").hidden = !token.get();
  main.replaceChildren();
  if (!view) {
    main.append(h("h1", {}, "No such page"), h("p", {}, h("a", { href: "#/" }, "To the overview")));
    return;
  }
  document.title = `${[view.title, ...parts].join(" ")} – Millrace`;
  const context = new Context(parts, new URLSearchParams(items), signal);
  await context.attempt(() => view.show(context));
  if (!signal.aborted) main.dataset.shown = location.hash || "#/";
}

/** A part of an address; as it is written if it has a broken code. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Follows all that the runner tells, for every view. */
async function listen() {
  streaming.abort();
  streaming = new AbortController();
  const { signal } = streaming;
  activity.clear();
  try {
    await follow("/events/stream", {
      query: { last: 2000 }, signal,
      onState: (isThere) => {
        link.textContent = isThere ? "live" : "reconnecting";
        link.dataset.state = isThere ? "live" : "lost";
        // Another runner may be behind it then.
        if (isThere) learn(signal);
      },
      onEvent: ({ event, data }) => {
        const told = event === "reset" ? { type: "reset" } : JSON.parse(data);
        activity.note(told);
        for (const listener of listeners) listener(told);
      },
    });
  } catch (error) {
    complain(error);
  }
}

async function learn(signal) {
  try {
    cluster.note((await get("/status", {}, signal)).cluster);
  } catch (error) {
    if (!signal.aborted) complain(error);
  }
}

function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

window.addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
// A browser keeps a page that was left for a while: its streams must not keep connections meanwhile.
window.addEventListener("pagehide", () => {
  leaving.abort();
  streaming.abort();
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  listen();
  show();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("sign-out").addEventListener("click", () => {
  token.clear();
  signIn();
});
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = document.getElementById("find-job").value.trim().split(".")[0];
  if (/^[1-9][0-9]*$/.test(number)) location.hash = `#/jobs/${number}`;
  else complain(new Error("a job is a number, like 42"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("find-job").select();
});
listen();
show();
