// The page of one sign-in, kept up to date without a reload; every form of it works without this as well.

import { call } from "../shared/api.js";
import { find, say, words } from "../shared/dom.js";
import { withState } from "../shared/protocol.js";
import { HubClock, localTimes, secondsUntil, waitWords } from "../shared/times.js";
import { sightOf } from "./sight.js";
import { Stage } from "./stage.js";
import { Watcher } from "./watcher.js";

/**
 * @typedef {import("../shared/protocol.js").Login} Login
 * @typedef {import("../shared/protocol.js").State} State
 * @typedef {import("../shared/protocol.js").Outcome} Outcome
 * @typedef {import("../shared/api.js").Problem} Problem
 */

const TICK_MS = 1_000;
/** What has run out is said by the hub; if it is silent for so long, it is asked. */
const SILENT_MS = 3_000;
/** An approval is good for a minute; a hub that restarts is back long before. */
const COMPLETE_TRIES = 25;
const COPIED_MS = 2_000;

const root = find(document, "#login", HTMLElement);
const stage = new Stage(root);
const clock = new HubClock(root.dataset.serverTime ?? "");
const api = root.dataset.api ?? "";

/** @type {Login} */
let login = JSON.parse(root.dataset.login ?? "");
// It holds the digits and the ticket; from here on they live in this module alone.
root.removeAttribute("data-login");

/** @type {import("./sight.js").Link} */
let link = "live";
/** @type {Outcome | undefined} */
let outcome;
let lastDigits = "";
let busy = false;
let completing = false;
let ranOutAt = 0;

const watcher = new Watcher(api, {
  login: () => login,
  changed,
  resolved(last) {
    outcome = last;
    if (last === "expired" || last === "cancelled") login = { ...login, step: "failed" };
    paint();
  },
  linked(now) {
    link = now;
    paint();
  },
  lost,
});

/** @param {State | Login} state */
function changed(state) {
  login = withState("socket" in state && state.socket ? { ...login, socket: state.socket } : login, state);
  paint();
  if (login.step === "approved") void complete();
}

function lost() {
  login = { ...login, step: "failed", challenge: undefined, push_after: undefined };
  outcome ??= "expired";
  watcher.stop();
  paint();
}

function paint() {
  lastDigits = login.challenge?.match?.digits ?? lastDigits;
  stage.paint(sightOf(login, { now: clock.now(), link, lastDigits, outcome }));
  if (login.push_after) stage.paintRest(login.push_after);
}

function tick() {
  paint();
  const { challenge } = login;
  const ranOut = challenge?.status === "pending" && secondsUntil(challenge.expires_at, clock.now()) === 0;
  if (!ranOut) ranOutAt = 0;
  else if (ranOutAt === 0) ranOutAt = Date.now();
  else if (Date.now() - ranOutAt > SILENT_MS) {
    ranOutAt = Date.now();
    void watcher.look();
  }
}

/**
 * @param {string} kind "push", "password" or "cancel".
 * @param {HTMLFormElement} form
 */
async function act(kind, form) {
  if (busy) return;
  busy = true;
  stage.clearError();
  const password = kind === "password" ? { password: new FormData(form).get("password") } : {};
  const answer = await call("POST", `${api}/${kind}`, { body: password });
  busy = false;
  if (!answer.ok) {
    refused(answer.problem);
    return;
  }
  if (kind === "cancel") outcome = "cancelled";
  changed(/** @type {Login} */ (answer.value));
  if (kind === "push") sayRenewed();
}

function sayRenewed() {
  const { facts, values } = sightOf(login, { now: clock.now(), link });
  if (facts.has("match")) say(words("renewed", { digits: values["digits-read"] ?? "" }));
  else if (facts.has("tap")) say(words("sent"));
}

/** @param {Problem} problem */
function refused({ status, code, retryAfterS = 60 }) {
  if (status === 404 || status === 410) lost();
  else if (code === "wrong_step") void watcher.look();
  else if (code === "too_soon") {
    login = { ...login, push_after: new Date(clock.now() + retryAfterS * 1000).toISOString() };
    paint();
    say(words("too_soon", { wait: waitWords(retryAfterS) }));
  } else stage.showError(words(status === 503 ? "offline" : code, { wait: waitWords(retryAfterS) }));
}

/** Take the approval to a session and go on. */
async function complete() {
  if (completing) return;
  completing = true;
  for (let tries = 1; tries <= COMPLETE_TRIES; tries += 1) {
    const answer = await call("POST", `${api}/complete`);
    if (answer.ok) {
      const { redirect } = /** @type {{redirect: string}} */ (answer.value);
      watcher.stop();
      location.replace(redirect);
      return;
    }
    const { status } = answer.problem;
    if (status !== 0 && status !== 503) {
      completing = false;
      refused(answer.problem);
      return;
    }
    if (tries === 2) stage.showError(words("offline"));
    await new Promise((resolve) => setTimeout(resolve, Math.min(500 * tries, 3_000)));
  }
  completing = false;
}

/** @param {HTMLElement} button */
async function copyDigits(button) {
  const digits = login.challenge?.match?.digits;
  if (!digits) return;
  try {
    await navigator.clipboard.writeText(digits);
  } catch {
    return; // The browser does not allow it; the number is there to be read.
  }
  const word = find(button, "[data-copy-word]", HTMLElement);
  const before = word.textContent;
  word.textContent = words("copied");
  say(words("copied"));
  setTimeout(() => {
    word.textContent = before;
  }, COPIED_MS);
}

root.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.act) return;
  event.preventDefault();
  if (event.submitter?.getAttribute("aria-disabled") === "true") return;
  if (form.dataset.act === "complete") void complete();
  else void act(form.dataset.act, form);
});

root.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-copy]") : null;
  if (button instanceof HTMLElement) void copyDigits(button);
});

addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") watcher.wake();
});
addEventListener("online", () => watcher.wake());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) watcher.wake();
});

localTimes(document);
paint();
setInterval(tick, TICK_MS);
if (login.step === "approved") void complete();
else if (login.step !== "done" && login.step !== "failed") void watcher.run();
