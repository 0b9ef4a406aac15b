// One account on this phone: its name, notifications, fingerprint, a test, and taking it off.

import { say } from "../../shared/dom.js";
import { accountOf, STATE_OF_LINK } from "../parts/accounts.js";
import { backTo, errorPlace, facts, frame, heading } from "../parts/frame.js";
import { dress, h, icon } from "../parts/h.js";
import { dateOf } from "../parts/moments.js";
import { failure, words } from "../words.js";
import { fingers } from "./account-fingers.js";
import { notifications } from "./account-push.js";
import { removal } from "./account-remove.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../engine/types.js").Account} Account
 */

/**
 * @param {App} app
 * @param {string} accountId
 * @returns {import("../app.js").Screen}
 */
export function account(app, accountId) {
  const found = accountOf(app.engine, { accountId });
  if (!found) return missing();
  const link = h("dd");
  const uv = h("dd");
  const rows = facts([
    [words.account.server, location.host],
    [words.account.since, dateOf(found.enrolledAt, Date.now())],
    [words.account.approves, ""],
  ]);
  rows.lastElementChild?.replaceWith(uv);
  rows.append(h("dt", {}, words.account.connection), link);
  const push = notifications(app, accountId);
  const finger = fingers(app, accountId);

  function update() {
    const now = accountOf(app.engine, { accountId });
    if (!now) {
      app.go("");
      return;
    }
    link.replaceChildren(
      h(
        "span",
        { class: "line-up" },
        h("span", { class: "dot", "data-state": STATE_OF_LINK[now.link] === "ok" ? "ok" : "none" }),
        words.link[now.link],
      ),
    );
    uv.textContent =
      now.uv.webauthn && now.uv.pin ? words.uv.both : now.uv.webauthn ? words.uv.webauthn : words.uv.pin;
    push.update(now);
    finger.update(now);
  }

  update();
  return {
    title: found.tenant.name,
    update,
    element: frame(backTo(), [
      h("div", { class: "stack-s" }, heading(found.tenant.name), h("p", { class: "muted" }, found.email)),
      nameForm(app, found),
      push.element,
      finger.element,
      h(
        "section",
        { class: "card pad-s stack" },
        h("h2", { class: "h3" }, words.account.phone),
        rows,
        testButton(app, accountId),
      ),
      removal(app, found),
    ]),
  };
}

/** @returns {import("../app.js").Screen} */
function missing() {
  return {
    title: words.account.missing,
    element: frame(backTo(), [
      heading(words.account.missing),
      h("a", { class: "btn", href: "#add" }, words.first.add),
    ]),
  };
}

/**
 * @param {App} app
 * @param {Account} account
 */
function nameForm(app, { id, deviceName }) {
  const input = h("input", {
    class: "input",
    id: "name",
    autocomplete: "off",
    maxlength: 64,
    required: true,
    value: deviceName,
    "aria-describedby": "name-h name-e",
  });
  const error = errorPlace("name-e");
  const label = h("span", {}, words.account.save);

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    const name = input.value.trim();
    error.say(name ? null : words.account.nameBad);
    if (!name) return input.focus();
    const result = await app.engine.rename(id, name);
    const isBad = !result.ok && (result.code === "malformed" || result.code === "invalid");
    if (!result.ok) error.say(isBad ? words.account.nameBad : failure(words.account.failed, result.code));
    dress(input, { "aria-invalid": result.ok ? null : "true" });
    label.textContent = result.ok ? words.account.saved : words.account.save;
    if (result.ok) say(words.account.saved);
  }

  input.addEventListener("input", () => {
    label.textContent = words.account.save;
  });
  return h(
    "form",
    { class: "card pad-s stack", novalidate: true, onsubmit: (event) => void save(event) },
    h(
      "div",
      { class: "field" },
      h("label", { for: "name" }, words.enrol.name),
      h("div", { class: "value" }, input, h("button", { class: "btn" }, label)),
      h("p", { class: "hint", id: "name-h" }, words.account.nameHint),
      error.element,
    ),
  );
}

/**
 * @param {App} app
 * @param {string} accountId
 */
function testButton(app, accountId) {
  const error = errorPlace("test-e");
  const button = h(
    "button",
    { class: "btn btn-wide", type: "button", onclick: () => void test() },
    icon("send"),
    words.account.test,
  );

  async function test() {
    error.say(null);
    dress(button, { "aria-disabled": "true" });
    const result = await app.engine.test(accountId, { delayS: 0 });
    dress(button, { "aria-disabled": null });
    if (!result.ok) error.say(failure(words.test, result.code));
    else {
      say(words.ready.sent);
      app.go("");
    }
  }

  return h("div", { class: "stack-s" }, button, error.element);
}
