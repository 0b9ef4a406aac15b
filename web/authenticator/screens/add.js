// Add an account: the camera where it can read codes, and always a field.

import { activationOf } from "../engine/engine.js";
import { errorPlace, frame, heading, note, tabs } from "../parts/frame.js";
import { dress, h, icon, s } from "../parts/h.js";
import { canScan, isAllowed, Scanner } from "../scanner.js";
import { words } from "../words.js";

/**
 * @typedef {import("../app.js").App} App
 */

/**
 * @param {App} app
 * @returns {import("../app.js").Screen}
 */
export function add(app) {
  const eye = h("div", { class: "eye" });
  const error = errorPlace("code-e");
  const other = h("div", { class: "other" });
  const bar = h("div", { class: "app-end-slot" });
  const input = h("input", {
    class: "input code",
    id: "code",
    name: "code",
    autocapitalize: "characters",
    autocomplete: "off",
    autocorrect: "off",
    spellcheck: "false",
    required: true,
    enterkeyhint: "go",
    "aria-describedby": "code-h code-e",
  });
  const hint = h("p", { class: "hint", id: "code-h" }, words.add.hintWhere);
  const orType = h("h2", { class: "h3", hidden: true }, words.add.orType);
  /** @type {Scanner | null} */
  let scanner = null;
  let isLeft = false;

  /**
   * @param {string} text
   * @param {string} nothing What to say where it holds no code.
   */
  function take(text, nothing) {
    const activation = activationOf(text);
    error.say(activation ? null : nothing);
    other.replaceChildren();
    dress(input, { "aria-invalid": activation && "code" in activation ? null : "true" });
    if (!activation) return;
    if ("elsewhere" in activation) other.replaceChildren(otherHub(activation.elsewhere));
    else {
      scanner?.stop();
      app.go(`enroll=${activation.code}`);
    }
  }

  /** @param {Event} event */
  function typed(event) {
    event.preventDefault();
    take(input.value, words.add.invalid);
    if (!error.element.hidden) input.focus();
  }

  async function look() {
    scanner?.stop();
    const video = h("video", { class: "lens", playsinline: true, muted: true, "aria-label": words.add.lens });
    // The attribute alone mutes nothing that a script made.
    video.muted = true;
    eye.replaceChildren(
      h(
        "figure",
        { class: "stack-s" },
        h("div", { class: "lens-box" }, video, corners()),
        h("figcaption", { class: "hint centre" }, words.add.point),
      ),
    );
    scanner = new Scanner(video, (text) => take(text, words.add.notOurs));
    const trouble = await scanner.start();
    if (isLeft) scanner.stop();
    if (trouble) eye.replaceChildren(withoutCamera(trouble, look));
    orType.hidden = trouble !== null;
  }

  async function begin() {
    if (!(await canScan()) || isLeft) return;
    orType.hidden = false;
    hint.textContent = words.add.hint;
    if (await isAllowed()) await look();
    else eye.replaceChildren(closedEye(look));
  }

  const update = () => bar.replaceChildren(tabs("add", app.engine.requests.length));
  update();
  void begin();
  return {
    title: words.add.title,
    element: frame(
      heading(words.add.title),
      [
        eye,
        orType,
        h(
          "form",
          { class: "card pad-s stack", novalidate: true, onsubmit: typed },
          h("div", { class: "field" }, h("label", { for: "code" }, words.add.label), input, hint),
          error.element,
          h("button", { class: "btn btn-go btn-wide" }, words.goOn),
        ),
        other,
      ],
      bar,
    ),
    update,
    leave() {
      isLeft = true;
      scanner?.stop();
    },
  };
}

/** @param {() => void} open */
function closedEye(open) {
  return h(
    "section",
    { class: "card empty" },
    s("svg", { class: "i i-xl", "aria-hidden": "true" }, s("use", { href: "#i-camera" })),
    h("h2", {}, words.add.scan),
    h("p", { class: "muted" }, words.add.scanHow),
    h(
      "button",
      { class: "btn btn-go btn-wide", type: "button", onclick: open },
      icon("camera"),
      words.add.open,
    ),
  );
}

/**
 * @param {import("../scanner.js").Trouble} trouble
 * @param {() => void} again
 */
function withoutCamera(trouble, again) {
  const [what, how] =
    trouble === "refused"
      ? [words.add.refused, words.add.refusedHow]
      : [words.add.noCamera, words.add.noCameraHow];
  return note(
    "wait",
    "camera-off",
    h("p", { role: "status" }, h("strong", {}, what), ` ${how}`),
    h("button", { class: "btn", type: "button", onclick: again }, words.add.again),
  );
}

/** @param {string} address */
function otherHub(address) {
  const url = new URL(address);
  return note(
    "wait",
    "alert",
    h("p", { role: "status" }, h("strong", {}, words.add.elsewhere), ` ${words.add.elsewhereHow}`),
    h("a", { class: "link", href: address, rel: "noreferrer" }, `${url.host}${url.pathname}`),
  );
}

const corners = () =>
  s(
    "svg",
    { class: "corners", viewBox: "0 0 100 100", "aria-hidden": "true" },
    s("path", {
      d: "M2 22V10a8 8 0 0 1 8-8h12M78 2h12a8 8 0 0 1 8 8v12M98 78v12a8 8 0 0 1-8 8H78M22 98H10a8 8 0 0 1-8-8V78",
    }),
  );
