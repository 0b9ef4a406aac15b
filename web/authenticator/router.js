// Which screen is due: by the address, and by what waits.

import { accountOf } from "./parts/accounts.js";
import { mustInstall } from "./parts/platform.js";
import { account } from "./screens/account.js";
import { add } from "./screens/add.js";
import { elsewhere } from "./screens/elsewhere.js";
import { enrol } from "./screens/enrol.js";
import { history } from "./screens/history.js";
import { home } from "./screens/home.js";
import { installIos } from "./screens/install-ios.js";
import { arriving } from "./screens/outcome.js";
import { request } from "./screens/request.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./app.js").Scene} Scene
 */

const KEPT = "lumo-code";

/** Codes are no part of an address that a history keeps, or a person shares. */
let code = "";

/**
 * Take the code out of the address; a tab that has to be installed first keeps it when it is loaded again.
 *
 * @param {string} hash
 */
function takeCode(hash) {
  const given = new URLSearchParams(hash).get("enroll");
  if (given) {
    code = given;
    window.history.replaceState(null, "", "#enroll");
    if (mustInstall()) sessionStorage.setItem(KEPT, given);
  } else if (mustInstall()) code = sessionStorage.getItem(KEPT) ?? "";
}

/**
 * @param {App} app
 * @returns {Scene}
 */
export function sceneFor(app) {
  const hash = location.hash.slice(1);
  takeCode(hash);
  if (mustInstall()) return { key: `install:${code}`, make: () => installIos(app, code) };
  const { accounts } = app.engine;
  if (accounts.length > 0 && accounts.every(({ link }) => link === "elsewhere")) {
    return { key: "elsewhere", make: elsewhere };
  }
  const [name = "", value = ""] = hash.split("=", 2);
  switch (name) {
    case "enroll":
      return code ? { key: `enrol:${code}`, make: () => enrol(app, code) } : { key: "add", make: add };
    case "add":
      return { key: "add", make: add };
    case "history":
      return { key: "history", make: history };
    case "account":
      return { key: `account:${value}`, make: () => account(app, value) };
    case "request":
      return oneRequest(app, value);
    case "requests":
      return { key: "home", make: home };
    default:
      return whatWaits(app);
  }
}

/**
 * @param {App} app
 * @param {string} id
 * @returns {Scene}
 */
function oneRequest(app, id) {
  const found = app.engine.requests.find((each) => each.id === id);
  const owner = found && accountOf(app.engine, found);
  return found && owner
    ? { key: `request:${id}`, make: () => request(app, found, owner) }
    : { key: `arriving:${id}`, make: arriving };
}

/**
 * A single request opens by itself; of several the person chooses. What is open stays: nothing moves under a finger.
 *
 * @param {App} app
 * @returns {Scene}
 */
function whatWaits(app) {
  const [only, another] = app.engine.requests;
  const open = app.engine.requests.find(({ id }) => id === app.request?.id);
  if (open) return oneRequest(app, open.id);
  return only && !another ? oneRequest(app, only.id) : { key: "home", make: home };
}
