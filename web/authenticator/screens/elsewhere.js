// Another window of this phone has the requests.

import { frame, heading } from "../parts/frame.js";
import { glyph, h } from "../parts/h.js";
import { words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @returns {import("../app.js").Screen}
 */
export function elsewhere(app) {
  return {
    title: words.elsewhere.title,
    element: frame(
      null,
      [
        h(
          "div",
          { class: "end roomy", role: "status" },
          glyph("idle", "off"),
          h(
            "div",
            { class: "stack-s" },
            heading(words.elsewhere.title),
            h("p", { class: "muted" }, words.elsewhere.how),
          ),
        ),
      ],
      h(
        "footer",
        { class: "app-end" },
        h(
          "button",
          { class: "btn btn-go btn-wide btn-tall", type: "button", onclick: () => app.engine.wake() },
          words.elsewhere.here,
        ),
      ),
    ),
  };
}
