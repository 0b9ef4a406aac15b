// Why the app cannot run here, and what to do: before there is an engine.

import { frame, heading } from "../parts/frame.js";
import { glyph, h, said } from "../parts/h.js";
import { words } from "../words.js";

/** @typedef {import("../parts/h.js").Child} Child */

export function insecure() {
  const { insecure: text } = words;
  const address = `https://${location.host}/authenticator/${location.hash}`;
  return cannot(
    text.title,
    [said(text.how, { host: h("strong", {}, location.host) }), text.otherwise],
    h("a", { class: "btn btn-go btn-wide btn-tall", href: address }, text.open),
  );
}

/** @param {keyof typeof words.unsupported.what} what */
export function unsupported(what) {
  const { unsupported: text } = words;
  return cannot(text.title, [said(text.how, { what: text.what[what] }), text.todo]);
}

export function noStorage() {
  const { noStorage: text } = words;
  const again = h(
    "button",
    { class: "btn btn-wide btn-tall", type: "button", onclick: () => location.reload() },
    words.tryAgain,
  );
  return cannot(text.title, [text.how, text.todo], again);
}

/**
 * @param {string} title
 * @param {(Child | Child[])[]} texts
 * @param {HTMLElement} [act]
 */
function cannot(title, texts, act) {
  return frame(
    null,
    [
      h(
        "div",
        { class: "end roomy", role: "status" },
        glyph("lost", "wait"),
        h(
          "div",
          { class: "stack-s" },
          heading(title),
          ...texts.map((text) => h("p", { class: "muted" }, text)),
        ),
      ),
    ],
    act && h("footer", { class: "app-end" }, act),
  );
}
