// Every sentence that a notification says. English; another language is another such object.

import { browserName, placeKind, placeName } from "../engine/claims.js";

/**
 * @typedef {import("../engine/types.js").Request} Request
 * @typedef {import("../engine/store.js").AccountRecord} AccountRecord
 * @typedef {import("../../shared/protocol.js").Outcome} Outcome
 * @typedef {{title: string, body: string}} Words
 */

export const DENY = "Deny";
export const OPEN = "Open";

/**
 * @param {Request} request
 * @param {AccountRecord} account
 * @returns {Words} Never the number: only the waiting browser shows that.
 */
export function asked({ kind, app, from, message, askedAt }, { tenant, email }) {
  const when = clock(askedAt);
  if (kind === "test") {
    return { title: "A test request", body: `It works. Tap to answer.\n${tenant.name} · ${email} · ${when}` };
  }
  const where = placeOf(from);
  const what = kind === "approval" ? `${app} asks you` : app;
  const first = message ? `${what}: ${message}` : `${what}, ${where}`;
  return {
    title: "Is this you?",
    body: `${first}\n${browserName(from)}\n${tenant.name} · ${email} · ${when}`,
  };
}

/** A push that cannot be read, or not for an account that is here: nothing is claimed. @type {Words} */
export const UNREAD = Object.freeze({
  title: "Authenticator",
  body: "Open the Authenticator to see a request.",
});

/** @type {Words} */
export const TOO_LATE = Object.freeze({
  title: "A request has run out",
  body: "It came too late to be answered. Nobody was signed in.",
});

/**
 * @param {Outcome} status
 * @param {string} [app]
 * @returns {Words}
 */
export function ended(status, app) {
  const what = app ? `Sign-in to ${app}` : "Sign-in";
  switch (status) {
    case "approved":
      return {
        title: `${what} approved`,
        body: "Not you? Open the Authenticator, then Security in your account.",
      };
    case "denied":
      return { title: `${what} denied`, body: "Nobody was signed in." };
    case "expired":
      return { title: `${what} ran out`, body: "Nobody answered in time. Nobody was signed in." };
    case "cancelled":
      return { title: `${what} was called off`, body: "There is nothing left to do." };
  }
}

/** @type {Words} */
export const DENIED = Object.freeze({ title: "Denied", body: "Nobody was signed in. Tap to say why." });

/** @type {Words} */
export const NOT_DENIED = Object.freeze({
  title: "Not denied yet",
  body: "There is no connection. Open the Authenticator to deny.",
});

/** @type {Words} */
export const REMOVED = Object.freeze({
  title: "An account was removed",
  body: "This phone does not answer for it any more.",
});

/** @param {Request["from"]} from */
function placeOf(from) {
  const kind = placeKind(from);
  if (kind === "own-network") return "from your own network";
  return kind === "place" ? `from ${placeName(from)}` : "place not known";
}

/** @param {number} at In ms. */
function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
