// Server-sent events by `fetch`: `EventSource` can't send a token.

import { ask, Problem } from "./api.js";

/** Cuts a stream of text into its events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
class EventReader {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.clear();
  }

  clear() {
    this.event = "message";
    this.data = [];
  }

  push(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    for (const line of lines) this.line(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  line(line) {
    if (line === "") {
      if (this.data.length) this.onEvent({ event: this.event, data: this.data.join("\n"), id: this.id });
      this.clear();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id") this.id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }
}

/**
 * Follows a stream until `signal` ends it, over lost connections, from where it was.
 *
 * `onEvent` gets each event and may return true: then it was the last one. `onState` gets true when the
 * stream is there, false when it is lost. A problem that coming again does not help is thrown.
 */
export async function follow(path, { query, signal, onEvent, onState = () => {} }) {
  let last;
  let pause = 2000;
  let isOver = false;
  while (!isOver && !signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream" };
      if (last !== undefined) headers["Last-Event-ID"] = last;
      const answer = await ask(path, { query, headers, signal });
      onState(true);
      const reader = new EventReader((event) => {
        last = event.id ?? last;
        if (event.event === "reset") last = String(JSON.parse(event.data).resume);
        isOver = onEvent(event) === true || isOver;
      });
      const body = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await body.read();
        if (done) break;
        reader.push(value);
        if (isOver) break;
      }
      pause = reader.retry ?? pause;
      if (isOver) await body.cancel();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
    }
    if (isOver || signal.aborted) return;
    onState(false);
    await sleep(pause * (1 + Math.random() / 2), signal);
  }
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
