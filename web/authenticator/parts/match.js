// The number from the browser: one field takes all six digits, typed, pasted or filled in.

import { words } from "../words.js";
import { h } from "./h.js";

const DIGITS = 6;

/** @param {() => void} changed */
export function matchField(changed) {
  const input = h("input", {
    id: "match",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    pattern: "[0-9]{6}",
    // Room for what people paste: "407 926", "407-926".
    maxlength: 12,
    required: true,
    enterkeyhint: "go",
    "aria-describedby": "match-h",
  });
  const hint = h("p", { class: "hint", id: "match-h" });
  const element = h(
    "div",
    { class: "field match" },
    h("label", { for: "match" }, words.request.match),
    h("div", { class: "slots" }, input),
    hint,
  );

  function look() {
    const digits = input.value.replace(/\D/g, "").slice(0, DIGITS);
    if (input.value !== digits) input.value = digits;
    const missing = DIGITS - digits.length;
    const text = missing === DIGITS ? words.request.six : words.request.some[missing];
    if (hint.textContent !== text) hint.textContent = text ?? "";
    hint.hidden = missing === 0;
  }

  input.addEventListener("input", () => {
    look();
    changed();
  });
  look();
  return {
    element,
    get digits() {
      return input.value;
    },
    get isComplete() {
      return input.value.length === DIGITS;
    },
    focus: () => input.focus(),
  };
}
