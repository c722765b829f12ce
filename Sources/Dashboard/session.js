// Asks for the token where the runner wants one.

import { fill, h } from "./dom.js";

/** Shows the form; `enter` gets the token and throws what is wrong with it. */
export function show(main, problem, enter) {
  const words = h("p", { class: "mistake", id: "token-mistake" });
  const field = h("input", {
    id: "token", type: "password", autocomplete: "off", required: true, spellcheck: "false",
    "aria-describedby": "token-hint token-mistake",
  });
  const form = h("form", {
    class: "sheet",
    on: {
      submit: async (event) => {
        event.preventDefault();
        try {
          await enter(field.value.trim());
        } catch (error) {
          fill(words, error instanceof TypeError ? "the runner can't be reached" : error.message);
          field.select();
        }
      },
    },
  },
  h("label", { for: "token" }, "Token"), field,
  h("p", { class: "hint", id: "token-hint" },
    "It stays in this tab and is gone when the tab is closed. ",
    h("code", {}, "millrace token new NAME --role operator"), " makes one."),
  words, h("button", { type: "submit" }, "Sign in"));
  main.replaceChildren(h("h1", {}, "Sign in"), form);
  if (problem?.status === 401 && problem.message !== "this takes a token") fill(words, problem.message);
  document.title = "Sign in – Millrace";
  field.focus();
}
