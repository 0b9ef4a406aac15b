// What the person should know on the first screen: each a note with its next step.

import { waitWords } from "../../shared/times.js";
import { linkOf } from "../parts/accounts.js";
import { note } from "../parts/frame.js";
import { h } from "../parts/h.js";
import { clockOf } from "../parts/moments.js";
import { isInstalled, toldOf, wasToldOf } from "../parts/platform.js";
import { fill, words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {() => void} repaint
 * @returns {{elements: HTMLElement[], ticks: ((now: number) => void)[]}}
 */
export function notices(app, repaint) {
  const { accounts, storage } = app.engine;
  const link = linkOf(accounts);
  /** @type {HTMLElement[]} */
  const elements = [];
  /** @type {((now: number) => void)[]} */
  const ticks = [];

  /**
   * @param {string} name Remembered once the person has read it.
   * @param {string} label
   */
  function dismiss(name, label) {
    const onclick = () => {
      toldOf(name);
      repaint();
    };
    return h("button", { class: "btn btn-quiet", type: "button", onclick }, label);
  }

  if (link === "offline") {
    const trying = h("span");
    elements.push(note("wait", "off", h("p", {}, h("strong", {}, words.offline.note), " ", trying)));
    ticks.push((now) => {
      const text = offlineWords(accounts, now);
      if (trying.textContent !== text) trying.textContent = text;
    });
  }
  if (link === "exchange") {
    elements.push(note(null, "slow", h("p", {}, h("strong", {}, words.slower.note), " ", words.slower.how)));
  }
  for (const { id, push, tenant } of accounts) {
    if (push !== "lost") continue;
    const how = fill(words.lost.how, { tenant: tenant.name });
    elements.push(
      note(
        "wait",
        "alert",
        h("p", {}, h("strong", {}, words.lost.note), ` ${how}`),
        h("a", { class: "link", href: `#account=${id}` }, words.lost.open),
      ),
    );
  }
  if (accounts.length > 0 && storage === "refused" && !wasToldOf("storage")) {
    elements.push(
      note(
        "wait",
        "alert",
        h("p", {}, h("strong", {}, words.storage.note), ` ${words.storage.how}`),
        h("div", { class: "acts" }, dismiss("storage", words.storage.understood)),
      ),
    );
  }
  if (app.installOffer && !isInstalled() && !wasToldOf("install")) {
    elements.push(
      note(
        null,
        "phone",
        h("p", {}, h("strong", {}, words.install.title), `. ${words.install.how}`),
        h(
          "div",
          { class: "acts" },
          h(
            "button",
            { class: "btn", type: "button", onclick: () => void install(app, repaint) },
            words.install.go,
          ),
          dismiss("install", words.install.later),
        ),
      ),
    );
  }
  return { elements, ticks };
}

/**
 * @param {import("../engine/types.js").Account[]} accounts
 * @param {number} now
 */
function offlineWords(accounts, now) {
  const soonest = Math.min(...accounts.map(({ retryAt }) => retryAt ?? Number.POSITIVE_INFINITY));
  const last = Math.max(...accounts.map(({ lastLiveAt }) => lastLiveAt ?? 0));
  const seconds = Math.ceil((soonest - now) / 1000);
  const again =
    Number.isFinite(seconds) && seconds > 0
      ? fill(words.offline.again, { wait: waitWords(seconds) })
      : words.offline.trying;
  return last > 0 ? `${again} ${fill(words.offline.last, { time: clockOf(last) })}` : again;
}

/**
 * The browser's own offer is good once.
 *
 * @param {import("../app.js").App} app
 * @param {() => void} repaint
 */
async function install(app, repaint) {
  const offer = app.installOffer;
  app.installOffer = null;
  repaint();
  await offer?.prompt();
}
