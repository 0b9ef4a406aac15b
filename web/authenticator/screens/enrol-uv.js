// How will you approve? Fingerprint or face where the phone has it, a PIN, or one as the other's reserve.

import { errorPlace } from "../parts/frame.js";
import { dress, h } from "../parts/h.js";
import { fill, words } from "../words.js";

/**
 * @typedef {{pin?: string, biometrics: boolean}} How
 */

/** @param {import("../engine/types.js").Preview} preview */
export function uvChoice({ uv, pinLength }) {
  const pins = pinFields(pinLength, uv.webauthn ? "pin" : "only");
  const reserve = pinFields(pinLength, "reserve");
  const fold = h(
    "details",
    { class: "fold-s" },
    h("summary", {}, words.enrol.reserve),
    h("div", { class: "stack" }, reserve.element),
  );
  const way = uv.webauthn ? radios(pinLength, () => show()) : null;

  function show() {
    const isPin = way ? way.value === "pin" : true;
    pins.element.hidden = !isPin;
    fold.hidden = isPin;
  }

  show();
  return {
    element: h("div", { class: "stack" }, way?.element, pins.element, fold),
    /** @returns {How | null} null where a field has to be mended; it says how. */
    read() {
      const biometrics = way?.value === "finger";
      if (!biometrics) {
        const pin = pins.read();
        return pin === null ? null : { pin, biometrics };
      }
      if (!fold.open || reserve.isEmpty) return { biometrics };
      const pin = reserve.read();
      return pin === null ? null : { pin, biometrics };
    },
  };
}

/**
 * @param {{min: number, max: number}} length
 * @param {() => void} changed
 */
function radios(length, changed) {
  const finger = radio("finger", words.enrol.finger, length, true);
  const pin = radio("pin", words.enrol.pin, length, false);
  const element = h(
    "fieldset",
    { class: "stack-s", onchange: changed },
    h("legend", { class: "label" }, words.enrol.uv),
    finger.element,
    pin.element,
  );
  return {
    element,
    get value() {
      return pin.input.checked ? "pin" : "finger";
    },
  };
}

/**
 * @param {string} value
 * @param {string[]} text
 * @param {{min: number, max: number}} length
 * @param {boolean} checked
 */
function radio(value, [title = "", what = ""], { min, max }, checked) {
  const input = h("input", { type: "radio", name: "uv", value, checked });
  return {
    input,
    element: h(
      "label",
      { class: "choice" },
      input,
      h("b", {}, title),
      h(
        "small",
        {},
        fill(what, {
          min: words.pin.numbers[min] ?? min,
          max: (words.pin.numbers[max] ?? `${max}`).toLowerCase(),
        }),
      ),
    ),
  };
}

/**
 * A PIN, typed twice: a slip here would only show when it is too late.
 *
 * @param {{min: number, max: number}} length
 * @param {"pin" | "only" | "reserve"} kind
 */
function pinFields({ min, max }, kind) {
  const length = {
    min: words.pin.numbers[min] ?? min,
    max: (words.pin.numbers[max] ?? `${max}`).toLowerCase(),
  };
  const id = kind === "reserve" ? "reserve" : "new-pin";
  const error = errorPlace(`${id}-e`);
  const [pin, again] = [id, `${id}-2`].map((each) =>
    h("input", {
      class: "input code",
      id: each,
      type: "password",
      inputmode: "numeric",
      autocomplete: "off",
      maxlength: max,
      "aria-describedby": `${id}-h ${id}-e`,
    }),
  );
  if (!pin || !again) throw new Error("two fields are made above");
  const hint = kind === "reserve" ? words.enrol.reserveHint : words.enrol.pinHint;

  /**
   * @param {HTMLInputElement} field
   * @param {string} text
   */
  function refuse(field, text) {
    error.say(text);
    dress(field, { "aria-invalid": "true" });
    field.focus();
    return null;
  }

  return {
    element: h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "field" },
        h("label", { for: id }, words.enrol.pinLabel),
        pin,
        h("p", { class: "hint", id: `${id}-h` }, fill(hint, length)),
      ),
      h("div", { class: "field" }, h("label", { for: `${id}-2` }, words.enrol.again), again),
      error.element,
    ),
    get isEmpty() {
      return !pin.value && !again.value;
    },
    read() {
      error.say(null);
      for (const field of [pin, again]) dress(field, { "aria-invalid": null });
      const fits = /^\d+$/.test(pin.value) && pin.value.length >= min && pin.value.length <= max;
      if (!fits)
        return refuse(pin, fill(words.enrol.pinShort, { ...length, min: String(length.min).toLowerCase() }));
      return pin.value === again.value ? pin.value : refuse(again, words.enrol.pinUnlike);
    },
  };
}
