// Puts a sight on the page: the view that holds now in place of the last, its parts and values.

import { fill, find, say, showWhen, words } from "../shared/dom.js";
import { localTimes } from "../shared/times.js";

/**
 * @typedef {import("./sight.js").Sight} Sight
 */

const NO_DIGITS = { "digits-a": "", "digits-b": "", "digits-read": "" };

export class Stage {
  #root;
  /** @type {Map<string, HTMLElement>} */
  #views = new Map();
  /** @type {HTMLElement} */
  #shown;
  #delivery = "";
  #late = false;

  /** @param {HTMLElement} root Holds the view that the server chose, and all others in templates. */
  constructor(root) {
    this.#root = root;
    this.#shown = find(root, ":scope > [data-view]", HTMLElement);
    for (const child of [...root.children]) {
      const view = child instanceof HTMLTemplateElement ? child.content.firstElementChild : child;
      if (view instanceof HTMLElement) this.#views.set(view.dataset.view ?? "", view);
    }
    for (const view of this.#views.values()) {
      const copy = view.querySelector("[data-copy]");
      if (copy instanceof HTMLElement) copy.hidden = !("clipboard" in navigator);
    }
  }

  /** The view that is on the page. */
  get shown() {
    return this.#shown;
  }

  /** @param {Sight} sight */
  paint(sight) {
    const next = this.#views.get(sight.view);
    if (!next) throw new Error(`the page has no view ${sight.view}`);
    const replaced = next !== this.#shown;
    if (replaced) {
      fill(this.#shown, NO_DIGITS);
      this.clearError();
    }
    showWhen(next, sight.facts);
    fill(next, sight.values);
    paintTime(next, sight);
    paintWait(next, sight.facts.has("not-yet"));
    if (replaced) this.#replace(next);
    else this.#announce(sight);
    this.#delivery = deliveryOf(next);
    this.#late = sight.facts.has("late");
  }

  /** @param {string} at RFC 3339: when the phone has rested. */
  paintRest(at) {
    for (const time of this.#shown.querySelectorAll("[data-clock] time")) {
      if (time instanceof HTMLTimeElement && time.dateTime !== at) time.dateTime = at;
    }
    localTimes(this.#shown);
  }

  /** @param {string} text Said at the field or button that it is about. */
  showError(text) {
    const error = this.#shown.querySelector(".error");
    if (!(error instanceof HTMLElement)) return;
    find(error, "span", HTMLElement).textContent = text;
    error.hidden = false;
    const field = this.#shown.querySelector(".input");
    if (field instanceof HTMLInputElement) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
      field.select();
    }
    say(text);
  }

  clearError() {
    const error = this.#shown.querySelector(".error");
    if (error instanceof HTMLElement) error.hidden = true;
    this.#shown.querySelector(".input")?.removeAttribute("aria-invalid");
  }

  /** @param {HTMLElement} next */
  #replace(next) {
    this.#shown.replaceWith(next);
    this.#shown = next;
    document.title = `${next.dataset.title} · ${this.#root.dataset.tenant}`;
    // The card that had the focus is gone; the new one begins at its field or its heading.
    const start = next.querySelector("[autofocus]") ?? [...next.querySelectorAll("h1")].find(isVisible);
    if (start instanceof HTMLElement) start.focus();
    scrollTo({ top: 0 });
  }

  /** @param {Sight} sight */
  #announce(sight) {
    const delivery = deliveryOf(this.#shown);
    if (delivery !== this.#delivery && delivery) say(delivery);
    else if (sight.facts.has("late") && !this.#late) say(words("late"));
  }
}

/**
 * @param {HTMLElement} view
 * @param {Sight} sight
 */
function paintTime(view, { leftS, facts }) {
  const late = facts.has("late");
  const bar = view.querySelector("progress");
  if (bar) {
    bar.max = Math.max(bar.max, leftS);
    bar.value = leftS;
    bar.toggleAttribute("data-state", late);
    if (late) bar.dataset.state = "late";
  }
  const left = view.querySelector(".left");
  if (left instanceof HTMLElement) left.dataset.state = late ? "late" : "";
}

/**
 * A button that has to wait keeps the focus that it may have, so it is not disabled outright.
 *
 * @param {HTMLElement} view
 * @param {boolean} waits
 */
function paintWait(view, waits) {
  for (const button of view.querySelectorAll("[data-waits]")) {
    button.removeAttribute("disabled");
    if (waits) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

/** @param {HTMLElement} view */
function deliveryOf(view) {
  return view.querySelector(".link-line:not([hidden])")?.textContent?.trim() ?? "";
}

/** @param {HTMLElement} element */
function isVisible(element) {
  return element.closest("[hidden]") === null;
}
