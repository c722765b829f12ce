// The log of an attempt, as it grows.

import { follow } from "./stream.js";
import { h } from "./dom.js";
import { choice, field, section } from "./parts.js";

/** So much of a log is shown; the beginning of a longer one is left out. */
const mostCharacters = 500_000;

export class LogView {
  constructor(context, job) {
    this.context = context;
    this.job = job;
    this.text = h("pre", {
      class: "log", tabindex: "0", role: "log", "aria-label": "Log", "aria-live": "off",
    });
    this.words = h("p", { class: "hint" });
    this.picker = choice([], undefined);
    this.picker.addEventListener("change", () => this.open(Number(this.picker.value)));
    this.stick = h("input", { type: "checkbox", checked: true });
    this.element = section("Log", h("div", { class: "bar" }, field("Attempt", "log-attempt", this.picker),
      field("Follow the end", "log-follow", this.stick)), this.text, this.words);
    this.element.hidden = true;
    this.known = 0;
  }

  /** Takes the attempts that there are; a new one is opened. */
  offer(attempts) {
    const newest = attempts.at(-1)?.attempt ?? 0;
    if (newest === this.known) return;
    this.known = newest;
    this.element.hidden = false;
    this.picker.replaceChildren(...attempts.map((row) => h("option", { value: row.attempt }, row.attempt)));
    this.picker.value = String(newest);
    this.open(newest);
  }

  async open(attempt) {
    this.leaving?.abort();
    const leaving = new AbortController();
    this.leaving = leaving;
    const end = () => leaving.abort();
    this.context.signal.addEventListener("abort", end);
    this.text.replaceChildren();
    this.length = 0;
    this.words.textContent = "";
    await this.context.attempt(() => follow(`/jobs/${this.job}/logs`, {
      query: { attempt, follow: true }, signal: leaving.signal,
      onState: (isThere) => {
        this.words.textContent = isThere ? "" : "reconnecting";
      },
      onEvent: ({ event, data }) => {
        if (event === "end") {
          this.words.textContent = this.length ? "end of the log" : "it said nothing";
          return true;
        }
        if (event === "message") this.add(JSON.parse(data).text);
        return false;
      },
    }));
    this.context.signal.removeEventListener("abort", end);
  }

  add(text) {
    this.text.append(document.createTextNode(text));
    this.length += text.length;
    while (this.length > mostCharacters && this.text.childNodes.length > 1) {
      this.length -= this.text.firstChild.data.length;
      this.text.firstChild.remove();
      this.words.textContent = "the beginning is left out here; `millrace logs` has all of it";
    }
    if (this.stick.checked) this.text.scrollTop = this.text.scrollHeight;
  }
}
