// Adding a phone: follows the enrolment until the phone confirms, and makes and cancels codes in place.

import { call } from "../shared/api.js";
import { fill, find, say, showWhen, words } from "../shared/dom.js";
import { clockWords, HubClock, localTimes, secondsUntil } from "../shared/times.js";

/**
 * @typedef {object} Enrollment
 * @property {string} id
 * @property {string} activation_code XXXX-XXXX
 * @property {string} qr_svg
 * @property {string} expires_at RFC 3339.
 * @typedef {"closed" | "pending" | "done" | "expired"} Stage
 * @typedef {import("../shared/api.js").Problem} Problem
 */

const PAGE = "/account/security";
const API = "/api/v1/account/enrollments";
const TICK_MS = 1_000;
const LOOK_EVERY_TICKS = 2;
/** Long enough to be read before the page goes on. */
const SHOW_DONE_MS = 1_200;

const panel = find(document, ".enrol", HTMLElement);
const card = find(document, ".card:has(.enrol)", HTMLElement);
const clock = new HubClock(panel.dataset.serverTime ?? "");
const { next } = panel.dataset;

let id = panel.dataset.enrollment;
let expiresAt = panel.dataset.expiresAt;
/** @type {Stage} */
let stage = id ? "pending" : "closed";
let offline = false;
let refusal = "";
let busy = false;
let ticks = 0;

function paint() {
  const leftS = secondsUntil(expiresAt, clock.now());
  const facts = {
    closed: stage === "closed",
    open: stage !== "closed",
    pending: stage === "pending",
    timed: leftS > 0,
    done: stage === "done",
    expired: stage === "expired",
    "goes-on": stage === "pending" || stage === "expired",
    offline: offline && stage === "pending",
    refused: refusal !== "",
    "sign-in": refusal === "step_up_required" || refusal === "not_signed_in",
  };
  showWhen(card, new Set(Object.entries(facts).flatMap(([name, holds]) => (holds ? [name] : []))));
  fill(card, { left: clockWords(leftS), refused: refusal && words(refusal) });
}

async function create() {
  if (busy) return;
  busy = true;
  const answer = await call("POST", API);
  busy = false;
  if (!answer.ok) {
    refused(answer.problem);
    return;
  }
  const enrollment = /** @type {Enrollment} */ (answer.value);
  id = enrollment.id;
  expiresAt = enrollment.expires_at;
  stage = "pending";
  refusal = "";
  const [a = "", b = ""] = enrollment.activation_code.split("-");
  fill(panel, { "code-a": a, "code-b": b, "code-read": `${[...a].join(" ")}, ${[...b].join(" ")}` });
  const picture = new DOMParser().parseFromString(enrollment.qr_svg, "text/html").querySelector("svg");
  find(panel, "[data-qr]", HTMLElement).replaceChildren(...(picture ? [picture] : []));
  paint();
  panel.focus();
}

async function cancel() {
  if (busy || !id) return;
  busy = true;
  const answer = await call("DELETE", `${API}/${id}`);
  busy = false;
  if (answer.ok || answer.problem.status === 404) close();
  else refused(answer.problem);
}

/** @param {Problem} problem */
function refused({ status, code }) {
  refusal = status === 503 ? "offline" : code;
  paint();
  say(words(refusal));
}

function close() {
  id = undefined;
  stage = "closed";
  refusal = "";
  const held = panel.contains(document.activeElement);
  paint();
  const opener = card.querySelector('[data-act="enroll"] button');
  if (held && opener instanceof HTMLElement) opener.focus();
}

async function look() {
  if (busy || !id) return;
  busy = true;
  const asked = id;
  const answer = await call("GET", `${API}/${asked}`);
  busy = false;
  if (stage !== "pending" || id !== asked) return;
  offline = !answer.ok && (answer.problem.status === 0 || answer.problem.status === 503);
  if (answer.ok) follow(/** @type {{status: string}} */ (answer.value).status);
  else if (answer.problem.status === 404) stage = "expired";
  else if (!offline) refused(answer.problem);
  paint();
}

/** @param {string} status */
function follow(status) {
  if (status === "done") void done();
  else if (status === "expired") stage = "expired";
  else if (status === "cancelled" && next) stage = "expired";
  else if (status === "cancelled") close();
}

async function done() {
  stage = "done";
  say(words("added"));
  const shown = new Promise((resolve) => setTimeout(resolve, SHOW_DONE_MS));
  if (!next) await refresh("devices", "push-state");
  await shown;
  if (next) location.replace(next);
  else close();
}

/**
 * Take parts of this page anew from the hub, so that their words stand in the template alone.
 *
 * @param {...string} ids
 */
async function refresh(...ids) {
  const response = await fetch(PAGE, { cache: "no-store" }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of ids) {
    const now = fresh.getElementById(part);
    if (now) document.getElementById(part)?.replaceWith(now);
  }
  localTimes(document);
}

function tick() {
  ticks += 1;
  if (stage !== "pending") return;
  paint();
  if (document.visibilityState === "visible" && ticks % LOOK_EVERY_TICKS === 0) void look();
}

card.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.act) return;
  event.preventDefault();
  void (form.dataset.act === "enroll" ? create() : cancel());
});
card.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("[data-renew]")) void create();
});
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void look();
});

localTimes(document);
paint();
setInterval(tick, TICK_MS);
