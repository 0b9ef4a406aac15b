// The account page, or somebody, took this phone off: said plainly, with the way back.

import { frame, heading } from "../parts/frame.js";
import { glyph, h } from "../parts/h.js";
import { fill, words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {{tenant: string | {name: string}, email: string}} account
 * @returns {import("../app.js").Screen}
 */
export function wiped(app, { tenant, email }) {
  const name = typeof tenant === "string" ? tenant : tenant.name;
  const title = fill(words.wiped.title, { tenant: name });
  return {
    title,
    element: frame(
      null,
      [
        h(
          "div",
          { class: "end roomy", role: "status" },
          glyph("lost", "no"),
          h(
            "div",
            { class: "stack-s" },
            heading(title),
            h("p", { class: "muted" }, fill(words.wiped.how, { email })),
            h("p", { class: "muted" }, words.wiped.not),
          ),
        ),
      ],
      h(
        "footer",
        { class: "app-end" },
        h(
          "div",
          { class: "yes-no" },
          h(
            "button",
            { class: "btn btn-tall", type: "button", onclick: () => app.go("add") },
            words.wiped.again,
          ),
          h(
            "button",
            { class: "btn btn-go btn-tall", type: "button", onclick: () => app.next() },
            words.done,
          ),
        ),
      ),
    ),
  };
}
