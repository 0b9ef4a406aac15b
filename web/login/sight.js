// What a sign-in looks like at one moment: which view, which of its parts, which values. Pure, and the same
// as templates/login/state.html decides on the server.

import { clockWords, secondsUntil, waitWords } from "../shared/times.js";

/**
 * @typedef {import("../shared/protocol.js").Login} Login
 * @typedef {import("../shared/protocol.js").Outcome} Outcome
 * @typedef {"live" | "retrying" | "blocked"} Link How the page hears of changes.
 * @typedef {"password" | "push" | "expired" | "resting" | "approved" | "done" | "denied" | "wrong-match"
 *   | "cancelled" | "over"} View
 * @typedef {object} Sight
 * @property {View} view
 * @property {Set<string>} facts Names of what holds; parts of the view depend on them (data-when).
 * @property {Record<string, string>} values Texts by the place that they fill (data-fill).
 * @property {number} leftS Seconds until the pending challenge ends; 0 where there is none.
 */

/** From here on the time that is left is amber and said aloud once. */
export const LATE_S = 20;

/**
 * @param {Login} login
 * @param {Outcome} [outcome] The login's last word, where the socket has told it.
 * @returns {View}
 */
export function viewOf(login, outcome) {
  const { step, challenge } = login;
  if (step === "push") {
    if (!challenge) return "resting";
    return challenge.status === "pending" ? "push" : "expired";
  }
  if (step === "password" || step === "approved" || step === "done") return step;
  if (challenge?.status === "denied") return challenge.reason === "wrong_match" ? "wrong-match" : "denied";
  if (outcome === "cancelled" || challenge?.status === "cancelled") return "cancelled";
  return "over";
}

/**
 * @param {Login} login
 * @param {object} seen
 * @param {number} seen.now Milliseconds since 1970, by the hub's clock.
 * @param {Link} seen.link
 * @param {string} [seen.lastDigits] What the page has shown before; kept in sight, faded, after the end.
 * @param {Outcome} [seen.outcome]
 * @returns {Sight}
 */
export function sightOf(login, { now, link, lastDigits = "", outcome }) {
  const view = viewOf(login, outcome);
  const { challenge } = login;
  const pending = view === "push";
  const digits = (pending ? challenge?.match?.digits : lastDigits) ?? "";
  const leftS = pending ? secondsUntil(challenge?.expires_at, now) : 0;
  const waitS = secondsUntil(login.push_after, now);
  const delivery = challenge?.delivery ?? "sending";
  const waiting = link === "blocked" && delivery !== "unreachable";
  const facts = {
    match: pending && digits !== "",
    tap: pending && digits === "",
    "old-digits": !pending && digits !== "",
    sending: pending && !waiting && delivery === "sending",
    shown: pending && !waiting && delivery === "shown",
    unreachable: pending && delivery === "unreachable",
    waiting: pending && waiting,
    blocked: link === "blocked",
    retrying: link === "retrying",
    late: pending && leftS <= LATE_S,
    more: login.push_after !== undefined,
    "no-more": login.push_after === undefined,
    ready: waitS === 0,
    "not-yet": waitS > 0,
  };
  return {
    view,
    facts: new Set(Object.entries(facts).flatMap(([name, holds]) => (holds ? [name] : []))),
    values: {
      "digits-a": digits.slice(0, 3),
      "digits-b": digits.slice(3),
      "digits-read": spoken(digits),
      left: clockWords(leftS),
      wait: waitWords(waitS),
    },
    leftS,
  };
}

/**
 * Six digits as a screen reader should say them: "4 0 7, 9 2 6".
 *
 * @param {string} digits
 */
export function spoken(digits) {
  return digits && `${[...digits.slice(0, 3)].join(" ")}, ${[...digits.slice(3)].join(" ")}`;
}
