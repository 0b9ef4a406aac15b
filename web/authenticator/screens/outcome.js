// What became of a request, and the moment before one is there.

import { frame, heading, tabs } from "../parts/frame.js";
import { glyph, h } from "../parts/h.js";
import { fill, words } from "../words.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../app.js").Screen} Screen
 * @typedef {import("../engine/types.js").Request} Request
 *
 * @typedef {object} Ended
 * @property {string} status
 * @property {string} [reason]
 * @property {Request} request
 * @property {"here" | "elsewhere"} by
 */

/** How long a request that a notification named may take to arrive. */
const ARRIVES_WITHIN_MS = 12_000;

/**
 * @param {App} app
 * @param {Ended} ended
 * @returns {Screen}
 */
export function outcome(app, ended) {
  const [picture, state, text] = pictured(ended);
  const [title = "", how = ""] = text;
  const more = app.engine.requests.some(({ id }) => id !== ended.request.id);
  return {
    title,
    element: frame(
      null,
      [
        h(
          "div",
          { class: "end roomy", role: "status" },
          glyph(picture, state),
          h(
            "div",
            { class: "stack-s" },
            heading(title),
            h("p", { class: "muted" }, fill(how, { app: ended.request.app })),
          ),
        ),
      ],
      h(
        "footer",
        { class: "app-end" },
        h(
          "button",
          { class: "btn btn-go btn-wide btn-tall", type: "button", onclick: () => app.go("") },
          more ? words.over.next : words.done,
        ),
      ),
    ),
  };
}

/**
 * @param {Ended} ended
 * @returns {[string, "ok" | "no" | "wait" | "off", string[]]}
 */
function pictured({ status, reason, request, by }) {
  const { over } = words;
  if (reason === "wrong_match") return ["denied", "no", over.wrong];
  if (status === "approved" && by === "elsewhere") return ["approved", "wait", over.elsewhereApproved];
  if (status === "denied" && by === "elsewhere") return ["denied", "no", over.elsewhereDenied];
  if (status === "approved") {
    const text = { login: over.approved, test: over.approvedTest, approval: over.approvedApproval };
    return ["approved", "ok", text[request.kind]];
  }
  if (status === "expired") return ["expired", "off", over.expired];
  if (status === "cancelled") return ["lost", "off", over.cancelled];
  return ["lost", "off", over.gone];
}

/**
 * A request that a notification named: here in a moment, or over.
 *
 * @param {App} app
 * @returns {Screen}
 */
export function arriving(app) {
  const since = Date.now();
  const picture = h("div", {});
  const text = h("div", { class: "stack-s" });
  let isOver = false;

  function paint() {
    const [title, how] = isOver ? over() : [words.waiting, ""];
    picture.replaceChildren(isOver ? glyph("lost", "off") : glyph("sending", "off"));
    text.replaceChildren(heading(title), h("p", { class: "muted" }, how ?? ""));
  }

  /** @returns {string[]} */
  const over = () => words.over.missing;

  paint();
  return {
    title: words.home.title,
    element: frame(
      null,
      [h("div", { class: "end roomy", role: "status" }, picture, text)],
      tabs("requests", app.engine.requests.length),
    ),
    tick(now) {
      if (isOver) return;
      isOver = now - since > ARRIVES_WITHIN_MS;
      if (isOver) paint();
    },
  };
}
