// Fingerprint or face, added later to an account that was set up with a PIN.

import { say } from "../../shared/dom.js";
import { errorPlace } from "../parts/frame.js";
import { dress, h, icon } from "../parts/h.js";
import { failure, words } from "../words.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Account} Account
 */

/**
 * @param {App} app
 * @param {string} accountId
 */
export function fingers(app, accountId) {
  const input = h("input", {
    class: "input code",
    id: "add-pin",
    type: "password",
    inputmode: "numeric",
    autocomplete: "off",
    maxlength: 16,
    required: true,
    "aria-describedby": "add-e",
  });
  const error = errorPlace("add-e");
  const go = h("button", { class: "btn btn-go" }, icon("finger"), words.account.add);
  const form = h(
    "form",
    { class: "stack", novalidate: true, onsubmit: (event) => void add(event) },
    h("div", { class: "field" }, h("label", { for: "add-pin" }, words.account.pinFirst), input),
    error.element,
    go,
  );
  const element = h(
    "section",
    { class: "card pad-s", hidden: true },
    h(
      "details",
      { class: "fold-s" },
      h("summary", {}, words.account.addFinger),
      h("div", { class: "stack" }, h("p", { class: "hint" }, words.account.addFingerHow), form),
    ),
  );
  let isThere = false;
  void hasSensor().then((known) => {
    isThere = known;
    const account = app.engine.accounts.find(({ id }) => id === accountId);
    if (account) update(account);
  });

  /** @param {Event} event */
  async function add(event) {
    event.preventDefault();
    error.say(input.value ? null : words.pin.empty);
    if (!input.value) return input.focus();
    dress(go, { "aria-disabled": "true" });
    const result = await app.engine.addBiometrics(accountId, input.value);
    dress(go, { "aria-disabled": null });
    input.value = "";
    if (result.ok) say(words.account.fingerAdded);
    else error.say(failure(words.account.failed, result.code));
  }

  /** @param {Account} account */
  function update({ uv }) {
    element.hidden = uv.webauthn || !uv.pin || !isThere;
  }

  return { element, update };
}

/** Whether this phone has a sensor, and this address a name that a credential can be bound to. */
async function hasSensor() {
  if (typeof PublicKeyCredential === "undefined" || /^[\d.]+$|:/.test(location.hostname)) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}
