// Requests: what waits, how the accounts are connected, and what the person should know.

import { clockWords } from "../../shared/times.js";
import { accountOf, linkOf, placeOf, STATE_OF_LINK } from "../parts/accounts.js";
import { frame, heading, tabs, tile } from "../parts/frame.js";
import { glyph, h, icon } from "../parts/h.js";
import { fill, words } from "../words.js";
import { notices } from "./notices.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Account} Account
 * @typedef {import("../engine/types.js").Request} Request
 */

/**
 * @param {App} app
 * @returns {import("../app.js").Screen}
 */
export function home(app) {
  const element = h("div");
  /** @type {((now: number) => void)[]} */
  let ticks = [];

  function paint() {
    const { accounts, requests } = app.engine;
    const told = notices(app, paint);
    const focused = focusIn(element);
    ticks = [...told.ticks];
    element.replaceChildren(
      frame(
        [heading(accounts.length > 0 ? words.home.title : words.first.title), linkTag(accounts)],
        [
          ...told.elements,
          requests.length > 0 ? waiting(app, requests, ticks) : accounts.length > 0 ? idle(app) : first(),
          accounts.length > 0 ? list(accounts) : null,
        ],
        tabs("requests", requests.length),
      ),
    );
    for (const tick of ticks) tick(Date.now());
    const again = focused && element.querySelector(focused);
    if (again instanceof HTMLElement) again.focus();
  }

  paint();
  return {
    title: words.home.title,
    element,
    update: paint,
    tick: (now) => {
      for (const tick of ticks) tick(now);
    },
  };
}

/**
 * What holds the focus, to give it back to after painting anew.
 *
 * @param {HTMLElement} element
 * @returns {"h1" | `[href="${string}"]` | null}
 */
function focusIn(element) {
  const { activeElement } = document;
  if (!activeElement || !element.contains(activeElement)) return null;
  const href = activeElement.getAttribute("href");
  return href === null ? "h1" : `[href="${CSS.escape(href)}"]`;
}

/** @param {Account[]} accounts */
function linkTag(accounts) {
  const link = linkOf(accounts);
  if (!link) return null;
  const state = STATE_OF_LINK[link];
  return h(
    "span",
    { class: "tag", "data-state": state },
    link === "offline"
      ? icon("off")
      : h("span", { class: "dot", "data-state": state === "ok" ? "ok" : "none" }),
    words.link[link],
  );
}

function first() {
  return h(
    "section",
    { class: "card empty" },
    glyph("idle", "off"),
    h("h2", {}, words.first.none),
    h("p", { class: "muted" }, words.first.how),
    h("a", { class: "btn btn-go btn-tall btn-wide", href: "#add" }, icon("plus"), ` ${words.first.add}`),
  );
}

/** @param {App} app */
function idle({ engine }) {
  if (engine.accounts.every(({ link }) => link !== "offline")) {
    return h(
      "section",
      { class: "card empty" },
      glyph("idle", "off"),
      h("h2", {}, words.home.none),
      h("p", { class: "muted" }, words.home.noneHow),
    );
  }
  return h(
    "section",
    { class: "card empty" },
    glyph("unreachable", "wait"),
    h("h2", {}, words.offline.title),
    h("p", { class: "muted" }, words.offline.how),
    h("button", { class: "btn", type: "button", onclick: () => engine.wake() }, words.offline.now),
  );
}

/**
 * @param {App} app
 * @param {Request[]} requests
 * @param {((now: number) => void)[]} ticks
 */
function waiting(app, requests, ticks) {
  return h(
    "section",
    { class: "stack-s" },
    requests.length > 1
      ? h("h2", { class: "h3" }, fill(words.home.several, { n: requests.length }))
      : h("h2", { class: "vh" }, words.home.title),
    h(
      "ul",
      { class: "card rows asks" },
      requests.map((request) => row(app, request, ticks)),
    ),
  );
}

/**
 * @param {App} app
 * @param {Request} request
 * @param {((now: number) => void)[]} ticks
 */
function row(app, request, ticks) {
  const account = accountOf(app.engine, request);
  const left = h("span", { class: "left" });
  ticks.push((now) => {
    const seconds = Math.max(0, Math.ceil((request.expiresAt - now) / 1000));
    left.textContent = clockWords(seconds);
    if (seconds <= 20) left.dataset.state = "late";
  });
  const place =
    request.kind === "test"
      ? words.request.testRow
      : request.place === "own-network"
        ? words.request.ownNetwork
        : placeOf(request) || words.request.unknown;
  return h(
    "li",
    {},
    account ? tile(account.tenant) : icon("bell"),
    h(
      "div",
      {},
      h("a", { class: "whole-row", href: `#request=${request.id}` }, h("strong", {}, request.app)),
      h("div", { class: "hint" }, place),
      account && h("div", { class: "hint" }, account.email),
    ),
    h("span", { class: "line-up go" }, left, icon("go")),
  );
}

/** @param {Account[]} accounts */
function list(accounts) {
  return h(
    "section",
    { class: "stack-s" },
    h("h2", { class: "h3" }, words.home.accounts),
    h(
      "ul",
      { class: "card rows" },
      accounts.map((account) => {
        const live = STATE_OF_LINK[account.link] === "ok";
        return h(
          "li",
          {},
          tile(account.tenant),
          h(
            "div",
            {},
            h(
              "a",
              {
                class: "whole-row",
                href: `#account=${account.id}`,
                "aria-label": fill(words.home.settingsOf, {
                  tenant: account.tenant.name,
                  email: account.email,
                }),
              },
              h("strong", {}, account.tenant.name),
            ),
            h("div", { class: "hint" }, account.email),
            h(
              "div",
              { class: "hint stands" },
              h("span", { class: "dot", "data-state": live ? "ok" : "none" }),
              words.link[account.link],
            ),
          ),
          h("span", { class: "go" }, icon("go")),
        );
      }),
    ),
  );
}
