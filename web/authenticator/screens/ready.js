// This phone is ready: what was set up, and a test request to see it work.

import { say } from "../../shared/dom.js";
import { errorPlace, facts, frame, heading, note, owner } from "../parts/frame.js";
import { dress, glyph, h, icon } from "../parts/h.js";
import { wasToldOf } from "../parts/platform.js";
import { failure, fill, words } from "../words.js";
import { notify } from "./notify.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Account} Account
 */

/** Long enough to close the app, short enough to wait for. */
const LATER_S = 10;

/**
 * What comes after a phone was added: notifications, where they have not been asked for, then that it is ready.
 *
 * @param {App} app
 * @param {string} accountId
 */
export function afterEnrolling(app, accountId) {
  const account = app.engine.accounts.find(({ id }) => id === accountId);
  app.go("");
  if (!account) return;
  const done = () => {
    app.next();
    app.show({ key: `ready:${accountId}`, make: () => ready(app, accountId, account) });
  };
  if (account.push === "off" && canAsk()) {
    app.show({ key: `notify:${accountId}`, make: () => notify(app, account, done) });
  } else done();
}

const canAsk = () =>
  typeof Notification !== "undefined" && Notification.permission === "default" && !wasToldOf("notify");

/**
 * @param {App} app
 * @param {string} accountId
 * @param {Account} enrolled As it was a moment ago.
 * @returns {import("../app.js").Screen}
 */
export function ready(app, accountId, enrolled) {
  const state = h("dd");
  const error = errorPlace("test-e");
  const sent = h("p", { class: "hint centre", role: "status" });
  const account = () => app.engine.accounts.find(({ id }) => id === accountId) ?? enrolled;
  const now = h(
    "button",
    { class: "btn btn-go btn-wide btn-tall", type: "button", onclick: () => void test(0) },
    icon("send"),
    words.ready.test,
  );
  const later = h(
    "button",
    { class: "btn btn-wide", type: "button", onclick: () => void test(LATER_S) },
    words.ready.later,
  );

  /** @param {number} delayS */
  async function test(delayS) {
    error.say(null);
    sent.textContent = "";
    for (const each of [now, later]) dress(each, { "aria-disabled": "true" });
    const result = await app.engine.test(accountId, { delayS });
    for (const each of [now, later]) dress(each, { "aria-disabled": null });
    if (!result.ok) error.say(failure(words.test, result.code));
    else if (delayS > 0) sent.textContent = words.ready.laterHow;
    else {
      say(words.ready.sent);
      app.go("");
    }
  }

  function update() {
    const { push } = account();
    state.textContent = words.push[push];
    later.hidden = push !== "on";
  }

  const { email, tenant, deviceName, uv } = account();
  const list = facts([
    [words.ready.account, email],
    [words.ready.phone, deviceName],
    [
      words.ready.approvesWith,
      uv.webauthn && uv.pin ? words.uv.both : uv.webauthn ? words.uv.webauthn : words.uv.pin,
    ],
  ]);
  list.append(h("dt", {}, words.ready.notifications), state);
  update();
  return {
    title: words.ready.title,
    update,
    element: frame(
      owner(enrolled),
      [
        h(
          "div",
          { class: "end", role: "status" },
          glyph("approved", "ok"),
          h(
            "div",
            { class: "stack-s" },
            heading(words.ready.title),
            h("p", { class: "muted" }, fill(words.ready.how, { tenant: tenant.name })),
          ),
        ),
        h("section", { class: "card pad-s", "aria-label": words.ready.what }, list),
        note(null, "info", h("p", {}, words.ready.told)),
      ],
      h(
        "footer",
        { class: "app-end" },
        error.element,
        sent,
        now,
        later,
        h(
          "button",
          { class: "btn btn-quiet btn-wide", type: "button", onclick: () => app.go("") },
          words.done,
        ),
      ),
    ),
  };
}
