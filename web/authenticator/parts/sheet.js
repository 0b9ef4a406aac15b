// A sheet from below: the browser's own modal dialog, so that focus stays in it and Escape closes it.

import { h } from "./h.js";

/**
 * @param {string} labelledBy Id of its heading.
 * @param {(Node | null)[]} children
 * @param {() => void} closed Called once, by whichever way it was closed.
 */
export function sheet(labelledBy, children, closed) {
  const element = h("dialog", { class: "sheet", "aria-labelledby": labelledBy }, children);
  element.addEventListener("close", () => {
    element.remove();
    closed();
  });
  return {
    element,
    /** @param {Element} parent */
    open(parent) {
      parent.append(element);
      element.showModal();
    },
    close() {
      if (element.open) element.close();
    },
  };
}
