// What screens share: the bar on top, the tabs, a tenant's tile, notes.

import { words } from "../words.js";
import { h, icon, s } from "./h.js";

/** @typedef {import("./h.js").Child} Child */

const TILES = 6;

/**
 * A screen's three rows; a screen without an end has the middle alone.
 *
 * @param {Child | Child[]} top
 * @param {Child[]} middle
 * @param {Child} [end]
 */
export function frame(top, middle, end) {
  return h(
    "div",
    { class: "app" },
    h("header", { class: "app-top" }, top),
    h("main", { class: "app-mid", id: "main" }, middle),
    end,
  );
}

/** @param {string} text */
export const heading = (text) => h("h1", { tabindex: -1 }, text);

/** @param {string} [href] */
export const backTo = (href = "#") =>
  h("a", { class: "btn btn-quiet back", href }, icon("back"), ` ${words.back}`);

/**
 * @param {"requests" | "history" | "add"} current
 * @param {number} waiting Requests that nobody answered yet.
 */
export function tabs(current, waiting = 0) {
  /** @type {["requests" | "history" | "add", string, string][]} */
  const all = [
    ["requests", "#", "bell"],
    ["history", "#history", "clock"],
    ["add", "#add", "plus"],
  ];
  return h(
    "nav",
    { class: "app-end tabs", "aria-label": words.tabs.label },
    all.map(([name, href, picture]) =>
      h(
        "a",
        { href, "aria-current": name === current ? "page" : null },
        icon(picture),
        h(
          "span",
          {},
          words.tabs[name],
          name === "requests" && waiting > 0 ? h("span", { class: "count" }, ` ${waiting}`) : null,
        ),
      ),
    ),
  );
}

/**
 * A tenant's letter on a ground of its own, the same wherever it stands.
 *
 * @param {{name: string}} tenant
 * @param {string} [size]
 */
export function tile(tenant, size = "logo-s") {
  let sum = 0;
  for (const letter of tenant.name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  const letter = Array.from(tenant.name.trim())[0]?.toLocaleUpperCase() ?? "";
  return s(
    "svg",
    { class: `tile ${size}`, viewBox: "0 0 32 32", "data-tile": sum % TILES, "aria-hidden": "true" },
    s("rect", { width: 32, height: 32, rx: 8 }),
    s("text", { x: 16, y: 21.8 }, letter),
  );
}

/**
 * Whose account it is.
 *
 * @param {{tenant: {name: string}, email: string}} account
 */
export const owner = ({ tenant, email }) =>
  h(
    "span",
    { class: "owner" },
    tile(tenant, "logo-t"),
    h("span", {}, h("strong", {}, tenant.name), h("br"), h("span", { class: "hint" }, email)),
  );

/**
 * @param {string | null} state
 * @param {string} picture
 * @param {(Child | Child[])[]} children
 */
export const note = (state, picture, ...children) =>
  h(
    "div",
    { class: "note", "data-state": state },
    icon(picture),
    h("div", { class: "stack-s" }, ...children),
  );

/**
 * Rows of name and value.
 *
 * @param {[string, Child | Child[]][]} rows
 */
export const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/**
 * Where an error of a field or of a button is said; empty until it happens.
 *
 * @param {string} id
 */
export function errorPlace(id) {
  const place = h("p", { class: "error", id, hidden: true }, icon("alert"), h("span"));
  return {
    element: place,
    /** @param {string | null} text */
    say(text) {
      place.hidden = text === null;
      const span = /** @type {HTMLElement} */ (place.lastElementChild);
      span.textContent = text ?? "";
    },
  };
}
