// The time that is left, as a ring around it.

import { clockWords } from "../../shared/times.js";
import { fill, words } from "../words.js";
import { s } from "./h.js";

const ROUND = 138.2; // 2π · 22
const LATE_S = 20;

/**
 * @param {number} askedAt In ms.
 * @param {number} expiresAt In ms.
 */
export function ring(askedAt, expiresAt) {
  const run = s("circle", { class: "run", cx: 26, cy: 26, r: 22, transform: "rotate(-90 26 26)" });
  const text = s("text", { x: 26, y: 30.5, "aria-hidden": "true" });
  const element = s(
    "svg",
    { class: "ring", viewBox: "0 0 52 52", role: "timer" },
    s("circle", { cx: 26, cy: 26, r: 22 }),
    run,
    text,
  );
  return {
    element,
    /**
     * @param {number} now In ms.
     * @returns {number} Whole seconds left.
     */
    show(now) {
      const left = Math.max(0, Math.ceil((expiresAt - now) / 1000));
      const part = Math.min(1, Math.max(0, (expiresAt - now) / (expiresAt - askedAt)));
      run.setAttribute("stroke-dasharray", `${(part * ROUND).toFixed(1)} ${ROUND}`);
      text.textContent = clockWords(left);
      element.setAttribute("aria-label", fill(words.request.left, { time: clockWords(left) }));
      if (left <= LATE_S) element.setAttribute("data-state", "late");
      return left;
    },
  };
}
