// The sheet that takes the PIN: wrong, how many tries are left, locked.

import { placeOf } from "../parts/accounts.js";
import { errorPlace } from "../parts/frame.js";
import { dress, h, icon } from "../parts/h.js";
import { sheet } from "../parts/sheet.js";
import { failure, fill, words } from "../words.js";

/**
 * @typedef {import("../engine/types.js").Request} Request
 * @typedef {import("../engine/types.js").Failure} Failure
 *
 * @typedef {object} Acts
 * @property {(pin: string) => Promise<Failure | null>} approve null where all is done.
 * @property {() => Promise<void>} deny
 * @property {() => void} closed
 */

/**
 * @param {Request} request
 * @param {Acts} acts
 */
export function pinSheet(request, { approve, deny, closed }) {
  const input = h("input", {
    class: "input code",
    id: "pin",
    type: "password",
    inputmode: "numeric",
    // Not one of the browser's passwords, nor to be kept among them.
    autocomplete: "off",
    maxlength: 16,
    required: true,
    autofocus: true,
    enterkeyhint: "go",
    "aria-describedby": "pin-e",
  });
  const error = errorPlace("pin-e");
  const label = h("span", {}, words.request.yes);
  const yes = h("button", { class: "btn btn-go btn-tall" }, icon("check"), label);
  const no = h(
    "button",
    { class: "btn btn-no btn-tall", type: "button", onclick: () => void deny() },
    icon("x"),
    h("span", {}, words.request.deny),
  );
  const form = h(
    "form",
    { class: "stack", novalidate: true, onsubmit: (event) => void submit(event) },
    h("div", { class: "field" }, h("label", { for: "pin" }, words.pin.label), input),
    error.element,
    h("div", { class: "yes-no" }, no, yes),
  );
  const place = placeOf(request);
  const line =
    request.kind === "login" && place
      ? fill(words.request.toShort, { app: request.app, place })
      : request.kind === "login"
        ? fill(words.request.to, { app: request.app })
        : request.app;
  const head = h(
    "div",
    { class: "stack-s" },
    h("h2", { id: "pin-t" }, words.pin.title),
    h("p", { class: "muted" }, line),
  );
  const opened = sheet("pin-t", [head, form], closed);
  let isBusy = false;

  /** @param {string | null} text */
  function refuse(text) {
    error.say(text);
    dress(input, { "aria-invalid": text === null ? null : "true" });
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (isBusy) return;
    if (!input.value) {
      refuse(words.pin.empty);
      input.focus();
      return;
    }
    isBusy = true;
    refuse(null);
    label.textContent = words.request.working;
    const refused = await approve(input.value);
    isBusy = false;
    label.textContent = words.request.yes;
    if (!refused) return;
    if (refused.code === "device_locked") {
      lock();
      return;
    }
    refuse(
      refused.code === "wrong_pin" ? wrong(refused.triesLeft) : failure(words.request.failed, refused.code),
    );
    input.select();
    input.focus();
  }

  function lock() {
    opened.element.replaceChildren(
      h(
        "div",
        { class: "end" },
        h("h2", { id: "pin-t", tabindex: -1 }, words.pin.lockedTitle),
        h("p", { class: "muted", role: "status" }, words.pin.lockedHow),
        h("p", { class: "hint" }, words.pin.lockedDeny),
      ),
      h(
        "div",
        { class: "yes-no" },
        no,
        h(
          "button",
          { class: "btn btn-tall", type: "button", onclick: () => opened.close() },
          words.pin.close,
        ),
      ),
    );
    opened.element.querySelector("h2")?.focus();
  }

  return { ...opened, say: refuse };
}

/** @param {number} [left] */
function wrong(left) {
  if (left === undefined) return words.pin.wrong;
  if (left === 1) return words.pin.wrongOne;
  return fill(words.pin.wrongLeft, { n: words.pin.numbers[left] ?? left });
}
