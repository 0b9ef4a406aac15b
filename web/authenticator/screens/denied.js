// Denied: it is over at once; why is asked after, and can be left out.

import { errorPlace } from "../parts/frame.js";
import { glyph, h } from "../parts/h.js";
import { sheet } from "../parts/sheet.js";
import { words } from "../words.js";
import { home } from "./home.js";

/**
 * @typedef {"mistake" | "unexpected" | "fraud"} Reason
 */

/** @type {readonly Reason[]} */
const REASONS = ["mistake", "unexpected", "fraud"];

/**
 * @param {import("../app.js").App} app
 * @param {import("../engine/types.js").Request} request
 * @returns {import("../app.js").Screen}
 */
export function denied(app, request) {
  const below = home(app);
  const isTest = request.kind === "test";
  const error = errorPlace("why-e");
  const done = h("button", { class: "btn btn-go btn-wide btn-tall" }, words.done);
  const form = h(
    "form",
    { class: "stack", onsubmit: (event) => void finish(event) },
    isTest
      ? null
      : h(
          "fieldset",
          { class: "stack-s" },
          h("legend", { class: "label" }, words.denied.why),
          REASONS.map((reason) => choice(reason)),
        ),
    error.element,
    done,
  );
  const opened = sheet(
    "denied-t",
    [
      h(
        "div",
        { class: "end" },
        glyph("denied", "no"),
        h(
          "div",
          { role: "status" },
          h("h2", { id: "denied-t", tabindex: -1, autofocus: true }, words.denied.title),
          h("p", { class: "muted" }, isTest ? words.denied.test : words.denied.how),
        ),
      ),
      form,
    ],
    () => app.next(),
  );

  /** @param {Event} event */
  async function finish(event) {
    event.preventDefault();
    const why = /** @type {Reason | null} */ (new FormData(form).get("why"));
    if (why) {
      done.setAttribute("aria-disabled", "true");
      const result = await app.engine.report(request.id, why);
      done.removeAttribute("aria-disabled");
      if (!result.ok && error.element.hidden) {
        error.say(words.denied.failed);
        return;
      }
    }
    opened.close();
  }

  // Once it stands in the page: only then can a dialog be modal.
  queueMicrotask(() => {
    if (below.element.isConnected) opened.open(below.element.parentElement ?? document.body);
  });
  return {
    title: words.denied.title,
    element: h("div", {}, below.element),
    tick: below.tick,
    update: below.update,
    leave: () => opened.element.remove(),
  };
}

/** @param {Reason} reason */
function choice(reason) {
  const [title, what] = words.denied[reason];
  return h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name: "why", value: reason }),
    h("b", {}, title),
    h("small", {}, what),
  );
}
