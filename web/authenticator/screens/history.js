// What this phone answered, kept on it for 30 days.

import { frame, heading, tabs } from "../parts/frame.js";
import { glyph, h, icon } from "../parts/h.js";
import { clockOf, dayOf } from "../parts/moments.js";
import { words } from "../words.js";

/** @typedef {import("../engine/types.js").HistoryEntry} Entry */

/** @type {Record<Entry["what"], ["ok" | "no" | null, string]>} */
const PICTURE = {
  approved: ["ok", "check"],
  denied: ["no", "x"],
  reported: ["no", "flag"],
  expired: [null, "clock"],
  cancelled: [null, "x"],
  "answered-elsewhere": [null, "phone"],
  added: ["ok", "phone"],
  removed: [null, "phone"],
};

/**
 * @param {import("../app.js").App} app
 * @returns {import("../app.js").Screen}
 */
export function history(app) {
  const days = h("div", { class: "stack", "aria-busy": "true" });
  const bar = h("div", { class: "app-end-slot" });

  function update() {
    bar.replaceChildren(tabs("history", app.engine.requests.length));
    void app.engine.history().then((entries) => {
      days.removeAttribute("aria-busy");
      days.replaceChildren(...(entries.length > 0 ? byDay(entries) : [empty()]));
    });
  }

  update();
  return {
    title: words.history.title,
    element: frame(heading(words.history.title), [days], bar),
    update,
  };
}

/**
 * @param {Entry[]} entries The newest first.
 * @returns {HTMLElement[]}
 */
function byDay(entries) {
  const now = Date.now();
  /** @type {Map<string, Entry[]>} */
  const days = new Map();
  for (const entry of entries) {
    const day = dayOf(entry.at, now);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return [
    ...[...days].map(([day, those]) =>
      h(
        "section",
        { class: "stack-s" },
        h("h2", { class: "h3" }, day),
        h("ul", { class: "card rows" }, those.map(row)),
      ),
    ),
    h("p", { class: "hint" }, words.history.kept),
  ];
}

/** @param {Entry} entry */
function row({ what, app, place, browser, tenantName, email, at }) {
  const [state, picture] = PICTURE[what];
  const isOfPhone = what === "added" || what === "removed";
  const title = isOfPhone ? words.history.what[what] : app;
  const details = isOfPhone ? [tenantName, email] : [place, browser];
  return h(
    "li",
    {},
    h("span", { class: "pic", "data-state": state }, icon(picture)),
    h(
      "div",
      {},
      h("strong", {}, title),
      h("div", { class: "hint" }, details.filter(Boolean).join(" · ")),
      isOfPhone ? null : h("div", { class: "hint" }, tenantName),
    ),
    h(
      "div",
      { class: "end-col" },
      h("time", { datetime: new Date(at).toISOString() }, clockOf(at)),
      isOfPhone ? null : h("div", { class: "hint" }, words.history.what[what]),
    ),
  );
}

function empty() {
  return h(
    "section",
    { class: "card empty" },
    glyph("idle", "off"),
    h("h2", {}, words.history.none),
    h("p", { class: "muted" }, words.history.noneHow),
  );
}
