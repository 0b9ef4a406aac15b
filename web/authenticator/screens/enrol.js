// Add this account to this phone? Nothing is bound before the person has seen whose it is.

import { lifeWords } from "../../shared/times.js";
import { errorPlace, facts, frame, heading, note, owner } from "../parts/frame.js";
import { dress, glyph, h, icon } from "../parts/h.js";
import { waitFor } from "../parts/moments.js";
import { deviceName } from "../parts/platform.js";
import { failure, fill, words } from "../words.js";
import { uvChoice } from "./enrol-uv.js";
import { afterEnrolling } from "./ready.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Preview} Preview
 */

/**
 * @param {App} app
 * @param {string} code
 * @returns {import("../app.js").Screen}
 */
export function enrol(app, code) {
  const element = h("div");
  /** @type {((now: number) => void) | null} */
  let tick = null;

  async function look() {
    element.replaceChildren(looking());
    const result = await app.engine.preview(code);
    if (!result.ok && result.address) {
      const link = h(
        "a",
        { class: "btn btn-go btn-wide btn-tall", href: result.address },
        words.add.openOther,
      );
      const how = fill(words.add.otherAddressHow, { host: new URL(result.address).host });
      element.replaceChildren(ending("lost", words.add.otherAddress, how, link));
    } else if (!result.ok) {
      const wait = { wait: waitFor(result.retryAfterS) };
      element.replaceChildren(refused(failure(words.add.failed, result.code, wait), result.code, look));
    } else {
      const shown = form(app, result.preview, ranOut);
      tick = shown.tick;
      element.replaceChildren(shown.element);
      tick(Date.now());
    }
    focusHeading(element);
  }

  function ranOut() {
    tick = null;
    element.replaceChildren(
      ending("expired", words.enrol.ranOut, words.enrol.ranOutHow, otherCode("btn-go")),
    );
    focusHeading(element);
  }

  void look();
  return { title: words.add.title, element, tick: (now) => tick?.(now) };
}

/** @param {HTMLElement} element */
function focusHeading(element) {
  if (element.isConnected) element.querySelector("h1")?.focus();
}

const top = () => h("a", { class: "btn btn-quiet back", href: "#add" }, icon("back"), ` ${words.back}`);

/** @param {"btn-go" | ""} kind */
const otherCode = (kind) =>
  h("a", { class: `btn ${kind} btn-wide btn-tall`, href: "#add" }, words.enrol.other);

const looking = () =>
  frame(top(), [
    h("div", { class: "end roomy", role: "status" }, glyph("sending", "off"), heading(words.enrol.looking)),
  ]);

/**
 * @param {string} text
 * @param {string} failed
 * @param {() => void} again
 */
function refused(text, failed, again) {
  const retry = h(
    "button",
    { class: "btn btn-go btn-wide btn-tall", type: "button", onclick: again },
    words.tryAgain,
  );
  const isFinal = failed === "activation_code_invalid";
  return ending(
    isFinal ? "denied" : "unreachable",
    words.add.title,
    text,
    ...(isFinal ? [otherCode("btn-go")] : [retry, otherCode("")]),
  );
}

/**
 * @param {string} picture
 * @param {string} title
 * @param {string} text
 * @param {HTMLElement[]} acts
 */
function ending(picture, title, text, ...acts) {
  return frame(
    top(),
    [
      h(
        "div",
        { class: "end roomy", role: "status" },
        glyph(picture, "wait"),
        h("div", { class: "stack-s" }, heading(title), h("p", { class: "muted" }, text)),
      ),
    ],
    h("footer", { class: "app-end" }, acts),
  );
}

/**
 * @param {App} app
 * @param {Preview} preview
 * @param {() => void} ranOut
 */
function form(app, preview, ranOut) {
  const left = h("span");
  const name = h("input", { class: "input", id: "nm", autocomplete: "off", maxlength: 64, required: true });
  const nameError = errorPlace("nm-e");
  const uv = uvChoice(preview);
  const error = errorPlace("add-e");
  const label = h("span", {}, words.enrol.go);
  const go = h("button", { class: "btn btn-go btn-tall" }, label);
  let isBusy = false;
  void deviceName().then((known) => {
    if (!name.value) name.value = known;
  });

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (isBusy) return;
    error.say(null);
    const how = uv.read();
    const called = name.value.trim();
    nameError.say(called ? null : words.enrol.nameEmpty);
    dress(name, { "aria-invalid": called ? null : "true" });
    if (!called) name.focus();
    if (!called || !how) return;
    isBusy = true;
    label.textContent = words.enrol.adding;
    dress(go, { "aria-disabled": "true" });
    const result = await app.engine.enrol(preview, { name: called, ...how });
    isBusy = false;
    label.textContent = words.enrol.go;
    dress(go, { "aria-disabled": null });
    if (result.ok) afterEnrolling(app, result.accountId);
    else error.say(failure(words.enrol.failed, result.code, { wait: waitFor(result.retryAfterS) }));
  }

  const element = h(
    "form",
    { class: "app", novalidate: true, onsubmit: (event) => void submit(event) },
    h("header", { class: "app-top" }, top()),
    h(
      "main",
      { class: "app-mid", id: "main" },
      h(
        "div",
        { class: "stack-s" },
        heading(fill(words.enrol.title, { tenant: preview.tenant })),
        h("p", { class: "muted" }, words.enrol.how),
      ),
      h(
        "section",
        { class: "card pad-s stack" },
        owner({ tenant: { name: preview.tenant }, email: preview.email }),
        facts([
          [words.enrol.server, preview.issuerHost],
          [words.enrol.code, h("span", { class: "mono" }, preview.code)],
          [words.enrol.valid, left],
        ]),
      ),
      h("div", { class: "field" }, h("label", { for: "nm" }, words.enrol.name), name, nameError.element),
      uv.element,
      note(null, "info", h("p", {}, words.enrol.warn)),
    ),
    h(
      "footer",
      { class: "app-end" },
      error.element,
      h("div", { class: "yes-no" }, h("a", { class: "btn btn-tall", href: "#" }, words.cancel), go),
    ),
  );
  return {
    element,
    /** @param {number} now */
    tick(now) {
      const seconds = Math.max(0, Math.ceil((preview.expiresAt - now) / 1000));
      left.textContent = lifeWords(seconds);
      if (seconds === 0 && !isBusy) ranOut();
    },
  };
}
