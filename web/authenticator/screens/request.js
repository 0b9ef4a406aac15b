// Is this you? Who asks, from where, since when; the number; Deny and Approve at the thumb.

import { say } from "../../shared/dom.js";
import { errorPlace, frame, heading, note, owner } from "../parts/frame.js";
import { dress, glyph, h, icon, said } from "../parts/h.js";
import { matchField } from "../parts/match.js";
import { originOf } from "../parts/origin.js";
import { ring } from "../parts/ring.js";
import { failure, fill, words } from "../words.js";
import { denied } from "./denied.js";
import { outcome } from "./outcome.js";
import { pinSheet } from "./pin.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Request} Request
 * @typedef {import("../engine/types.js").Account} Account
 * @typedef {import("../engine/types.js").Failure} Failure
 */

const LATE_S = 20;

/**
 * @param {App} app
 * @param {Request} request
 * @param {Account} account
 * @returns {import("../app.js").Screen}
 */
export function request(app, request, account) {
  const left = ring(request.askedAt, request.expiresAt);
  const origin = request.kind === "test" ? null : originOf(request, account);
  const error = errorPlace("answer-e");
  const yes = answer("btn-go", "check", words.request.yes, () => void approve());
  const no = answer("btn-no", "x", words.request.deny, () => void deny());
  const more = h("div", { class: "more" });
  /** @type {ReturnType<typeof pinSheet> | null} */
  let pin = null;
  let isBusy = false;
  let wasLate = false;
  const match = request.needsMatch ? matchField(enable) : null;

  function enable() {
    dress(yes.element, { "aria-disabled": (match && !match.isComplete) || isBusy ? "true" : null });
  }

  /** @param {boolean} busy */
  function work(busy) {
    isBusy = busy;
    yes.label.textContent = busy ? words.request.working : words.request.yes;
    enable();
  }

  async function approve() {
    if (isBusy) return;
    error.say(null);
    if (match && !match.isComplete) {
      say(words.request.digitsMissing);
      match.focus();
    } else if (account.uv.webauthn) await send();
    else askPin();
  }

  function askPin() {
    if (match && !match.isComplete) {
      say(words.request.digitsMissing);
      match.focus();
      return;
    }
    error.say(null);
    pin = pinSheet(request, { approve: send, deny, closed: () => (pin = null) });
    pin.open(element);
  }

  /**
   * @param {string} [secret] The PIN; without it by fingerprint or face.
   * @returns {Promise<Failure | null>} What the PIN's sheet has to say.
   */
  async function send(secret) {
    work(true);
    const given = { ...(match ? { match: match.digits } : {}), ...(secret ? { pin: secret } : {}) };
    const result = await app.engine.approve(request.id, given);
    work(false);
    if (result.ok) return end({ status: result.status, by: "here" });
    if (result.code === "over")
      return end({ status: result.status ?? "", reason: result.reason, by: "here" });
    if (pin) return result;
    const hasPin = result.code === "uv_cancelled" && account.uv.pin;
    error.say(failure(words.request.failed, hasPin ? "uv_cancelled_pin" : result.code));
    return null;
  }

  async function deny() {
    no.label.textContent = words.request.denying;
    const result = await app.engine.deny(request.id);
    no.label.textContent = words.request.deny;
    if (result.ok) {
      pin?.close();
      app.show({ key: `denied:${request.id}`, make: () => denied(app, request) });
    } else if (result.code === "over")
      end({ status: result.status ?? "", reason: result.reason, by: "here" });
    else if (pin) pin.say(failure(words.request.failed, result.code));
    else error.say(failure(words.request.failed, result.code));
  }

  /** @param {{status: string, reason?: string, by: "here" | "elsewhere"}} ended */
  function end({ status, reason, by }) {
    pin?.close();
    app.show({ key: `over:${request.id}`, make: () => outcome(app, { status, reason, request, by }) });
    return null;
  }

  function update() {
    const others = app.engine.requests.filter(({ id }) => id !== request.id).length;
    const text = others === 1 ? words.home.oneMore : fill(words.home.more, { n: others });
    more.replaceChildren(
      ...(others > 0
        ? [
            note(
              null,
              "bell",
              h("p", {}, `${text} `, h("a", { class: "link", href: "#requests" }, words.home.showAll)),
            ),
          ]
        : []),
    );
  }

  const element = frame(
    [owner(account), left.element],
    [
      question(request),
      more,
      ...about(request),
      origin?.element ?? example(),
      match?.element,
      request.needsMatch || request.kind !== "login"
        ? null
        : note(null, "info", h("p", {}, words.request.noMatch)),
      uses(account, askPin),
    ],
    h("footer", { class: "app-end" }, error.element, h("div", { class: "yes-no" }, no.element, yes.element)),
  );
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.id === "match")
      void approve();
  });
  enable();
  update();
  return {
    title: request.kind === "approval" ? words.request.approve : words.request.title,
    element,
    request,
    update,
    leave: () => pin?.close(),
    tick(now) {
      const seconds = left.show(now);
      origin?.tick(now);
      if (seconds <= LATE_S && !wasLate) say(words.request.soonOver);
      wasLate = seconds <= LATE_S;
    },
  };
}

/** @param {Request} request */
function question({ kind, app }) {
  /** @type {[string, string]} */
  const [title, line] =
    kind === "login"
      ? [words.request.title, words.request.to]
      : kind === "test"
        ? [words.request.isTest, words.request.isTestHow]
        : [words.request.approve, words.request.approveFor];
  return h(
    "div",
    { class: "is-it" },
    heading(title),
    h("p", { class: "muted" }, said(line, { app: h("strong", {}, app) })),
  );
}

/** What a test leaves out. */
const example = () =>
  h(
    "section",
    { class: "card empty" },
    glyph("tap", "off"),
    h("p", { class: "muted" }, words.request.testHow),
  );

/** @param {Request} request */
function about({ message, app }) {
  if (!message) return [];
  return [
    h(
      "section",
      { class: "card pad-s stack-s", "aria-label": words.request.message },
      h("h2", { class: "hint" }, words.request.message),
      h("p", { class: "binding" }, message),
      h("p", { class: "hint" }, fill(words.request.messageHow, { app })),
    ),
  ];
}

/**
 * @param {Account} account
 * @param {() => void} askPin
 */
function uses({ uv }, askPin) {
  return h(
    "p",
    { class: "hint uses" },
    uv.webauthn ? words.request.uses.finger : words.request.uses.pin,
    " ",
    uv.webauthn && uv.pin
      ? h("button", { class: "link-btn", type: "button", onclick: askPin }, words.request.usePin)
      : null,
  );
}

/**
 * @param {string} kind
 * @param {string} picture
 * @param {string} text
 * @param {() => void} act
 */
function answer(kind, picture, text, act) {
  const label = h("span", {}, text);
  return {
    label,
    element: h(
      "button",
      { class: `btn ${kind} btn-tall`, type: "button", onclick: act },
      icon(picture),
      label,
    ),
  };
}
