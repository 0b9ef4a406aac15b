// On iOS only the installed app keeps keys and gets notifications: three pictures, and the code kept in sight.

import { say } from "../../shared/dom.js";
import { lifeWords } from "../../shared/times.js";
import { activationOf } from "../engine/engine.js";
import { frame, heading, note } from "../parts/frame.js";
import { h, icon, s, said } from "../parts/h.js";
import { appleDevice } from "../parts/platform.js";
import { failure, words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {string} given The activation code, or "".
 * @returns {import("../app.js").Screen}
 */
export function installIos(app, given) {
  const isPad = appleDevice() === "ipad";
  const activation = activationOf(given);
  const code = activation && "code" in activation ? activation.code : null;
  const end = h("footer", { class: "app-end" });
  const left = h("span", { class: "left" });
  let expiresAt = Number.POSITIVE_INFINITY;

  function ranOut() {
    end.replaceChildren(
      note(
        "wait",
        "clock",
        h("p", { role: "status" }, h("strong", {}, words.ios.over), ` ${words.ios.overHow}`),
      ),
    );
  }

  /** @param {string} known */
  async function keep(known) {
    end.replaceChildren(...inSight(known, left));
    // Only looked at: a tab binds nothing.
    const result = await app.engine.preview(known);
    if (result.ok) expiresAt = result.preview.expiresAt;
    else if (result.code === "activation_code_invalid") ranOut();
    else say(failure(words.add.failed, result.code));
    tick(Date.now());
  }

  /** @param {number} now */
  function tick(now) {
    if (!Number.isFinite(expiresAt)) return;
    const seconds = Math.max(0, Math.ceil((expiresAt - now) / 1000));
    left.textContent = words.home.left.replace("{time}", lifeWords(seconds));
    if (seconds <= 60) left.dataset.state = "late";
    if (seconds > 0) return;
    expiresAt = Number.POSITIVE_INFINITY;
    ranOut();
  }

  if (code) void keep(code);
  return {
    title: words.ios.title,
    tick,
    element: frame(
      heading(words.ios.title),
      [h("p", { class: "muted" }, isPad ? words.ios.howPad : words.ios.how), steps(isPad, code !== null)],
      code ? end : null,
    ),
  };
}

/**
 * @param {boolean} isPad
 * @param {boolean} hasCode
 */
function steps(isPad, hasCode) {
  const { ios } = words;
  /** @param {string} text */
  const strong = (text) => h("strong", {}, text);
  return h(
    "ol",
    { class: "card pad-s steps drawn" },
    h(
      "li",
      {},
      h("p", {}, said(isPad ? ios.sharePad : ios.share, { share: strong(ios.shareName) })),
      isPad ? sharePad() : share(),
    ),
    h(
      "li",
      {},
      h("p", {}, said(ios.add, { home: strong(ios.homeName), add: strong(ios.addName) })),
      addToHome(),
    ),
    h("li", {}, h("p", {}, said(hasCode ? ios.open : ios.openNoCode, { app: strong(words.app) })), onHome()),
  );
}

/**
 * @param {string} code
 * @param {HTMLElement} left
 */
function inSight(code, left) {
  const groups = code.split("-");
  const label = h("span", {}, words.ios.copy);
  const copy = h(
    "button",
    { class: "btn btn-stack", type: "button", onclick: () => void toClipboard() },
    icon("copy"),
    label,
    h("span", { class: "vh" }, words.ios.copyWhat),
  );

  async function toClipboard() {
    await navigator.clipboard?.writeText(code).catch(() => undefined);
    label.textContent = words.ios.copied;
    say(words.ios.copied);
  }

  return [
    h("div", { class: "line-up ends" }, h("span", { class: "label" }, words.ios.code), left),
    h(
      "div",
      { class: "pair-row" },
      h(
        "p",
        { class: "pair code" },
        h("span", { class: "vh" }, groups.map((group) => Array.from(group).join(" ")).join(", ")),
        groups.map((group) => h("span", { "aria-hidden": "true" }, group)),
      ),
      copy,
    ),
    h("p", { class: "hint" }, words.ios.once),
  ];
}

/**
 * @param {string} label
 * @param {SVGElement[]} parts
 */
const draw = (label, ...parts) =>
  s("svg", { class: "draw", viewBox: "0 0 120 72", role: "img", "aria-label": label }, ...parts);

/**
 * @param {string} kind
 * @param {string} d
 */
const line = (kind, d) => s("path", { class: kind, d });

const ARROW_OUT = "M57 54.5h-1.5v7h9v-7H63M60 58.5v-9M57.5 52l2.5-2.5 2.5 2.5";

const share = () =>
  draw(
    words.ios.picShare,
    line("frame", "M20-4v66a6 6 0 0 0 6 6h68a6 6 0 0 0 6-6V-4M20 44h80"),
    line("faint", "m36 52-4 4 4 4M46 52l4 4-4 4M72 51h8v10h-8zM88 51h5v10h-5z"),
    s("circle", { class: "spot", cx: 60, cy: 56, r: 10 }),
    line("mark", ARROW_OUT),
  );

const sharePad = () =>
  draw(
    words.ios.picSharePad,
    line("frame", "M8 78V12a6 6 0 0 1 6-6h92a6 6 0 0 1 6 6v66M8 30h104"),
    line("faint", "M20 14l-4 4 4 4M34 14h44v8H34zM102 14v8M98 18h8"),
    s(
      "g",
      { transform: "translate(30 -38)" },
      s("circle", { class: "spot", cx: 60, cy: 56, r: 9 }),
      line("mark", ARROW_OUT),
    ),
  );

const addToHome = () =>
  draw(
    words.ios.picAdd,
    s("rect", { class: "frame", x: 10, y: 2, width: 100, height: 68, rx: 8 }),
    line("faint", "M22 16h40M22 58h34M92 53h8v8h-8z"),
    s("rect", { class: "spot", x: 14, y: 26, width: 92, height: 22, rx: 5 }),
    line(
      "mark",
      "M22 37h48M88 32.5h9a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-9a1.5 1.5 0 0 1-1.5-1.5v-7a1.5 1.5 0 0 1 1.5-1.5ZM92.5 34.8v5.4M89.8 37.5h5.4",
    ),
  );

const onHome = () =>
  draw(
    words.ios.picOpen,
    s("rect", { class: "frame", x: 20, y: 2, width: 80, height: 84, rx: 10 }),
    line("faint", "M30 14h14v14H30zM53 14h14v14H53zM76 14h14v14H76zM30 40h14v14H30zM76 40h14v14H76z"),
    s("rect", { class: "spot", x: 48, y: 35, width: 24, height: 24, rx: 6 }),
    line("mark", "M53.5 43H62v8h-8.5zM62 40.5h5.5v13H62z"),
  );
