// Notifications of one account: on, off, blocked by the browser, stopped, or not to be had.

import { errorPlace } from "../parts/frame.js";
import { dress, h, icon } from "../parts/h.js";
import { failure, words } from "../words.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Account} Account
 */

/** @type {Record<Account["push"], string>} */
const TEXT = {
  on: words.account.notifyOn,
  off: words.account.notifyOff,
  blocked: words.account.blocked,
  unsupported: words.account.unsupported,
  lost: words.account.lost,
};

/** The person said no, or nothing: the state itself says it. */
const NO_FAULT = new Set(["blocked", "dismissed"]);

/**
 * @param {App} app
 * @param {string} accountId
 */
export function notifications(app, accountId) {
  const input = h("input", { type: "checkbox", role: "switch", id: "push", "aria-describedby": "push-h" });
  const hint = h("span", { class: "hint", id: "push-h" });
  const error = errorPlace("push-e");
  const again = h(
    "button",
    { class: "btn", type: "button", onclick: () => void turn(true) },
    icon("bell"),
    words.account.again,
  );
  let isBusy = false;
  /** @type {Account["push"]} */
  let state = "off";

  /** @param {boolean} on */
  async function turn(on) {
    if (isBusy) return;
    isBusy = true;
    error.say(null);
    const { engine } = app;
    const result = on ? await engine.enablePush(accountId) : await engine.disablePush(accountId);
    isBusy = false;
    if (!result.ok && !NO_FAULT.has(result.code)) error.say(failure(words.account.pushFailed, result.code));
    paint();
  }

  function paint() {
    input.checked = state === "on" || state === "lost";
    dress(input, { disabled: state === "blocked" || state === "unsupported" });
    hint.textContent = TEXT[state];
    again.hidden = state !== "lost";
  }

  input.addEventListener("change", () => void turn(input.checked));
  return {
    element: h(
      "section",
      { class: "card pad-s stack" },
      h(
        "label",
        { class: "switch" },
        h("span", {}, h("strong", { class: "block" }, words.account.notifications), hint),
        input,
      ),
      again,
      error.element,
    ),
    /** @param {Account} account */
    update({ push }) {
      state = push;
      if (!isBusy) paint();
    },
  };
}
