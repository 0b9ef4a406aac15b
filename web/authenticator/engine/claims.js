// What a request says, checked field by field, and the words and facts that a person sees of it.

import { OWN_NETWORK } from "../../shared/protocol.js";

/**
 * @typedef {object} Context
 * @property {string} ip
 * @property {string} [location] In words, also where there is no place.
 * @property {string} [city]
 * @property {string} [country]
 * @property {number} [lat]
 * @property {number} [lon]
 * @property {string} browser
 * @property {string} os
 * @property {number} at
 *
 * @typedef {object} RequestClaims PROTOCOL, `lumo-request+jwt`.
 * @property {string} iss
 * @property {string} aud
 * @property {string} jti
 * @property {number} iat
 * @property {number} exp
 * @property {"login" | "approval" | "test"} kind
 * @property {string} app
 * @property {Context} ctx
 * @property {string} [msg]
 * @property {"none" | "required"} match
 */

const MESSAGE_MAX = 256;

/**
 * @param {Record<string, unknown> | null} value
 * @returns {value is Record<string, unknown> & RequestClaims}
 */
export function areRequestClaims(value) {
  if (value === null) return false;
  return (
    ["iss", "aud", "jti", "app"].every((name) => isText(value[name])) &&
    isSecond(value.iat) &&
    isSecond(value.exp) &&
    (value.kind === "login" || value.kind === "approval" || value.kind === "test") &&
    (value.match === "none" || value.match === "required") &&
    (value.msg === undefined || (isText(value.msg) && value.msg.length <= MESSAGE_MAX)) &&
    isContext(value.ctx)
  );
}

/** @param {unknown} value */
function isContext(value) {
  if (value === null || typeof value !== "object") return false;
  const ctx = /** @type {Record<string, unknown>} */ (value);
  return (
    ["ip", "browser", "os"].every((name) => isText(ctx[name])) &&
    ["location", "city", "country"].every((name) => ctx[name] === undefined || isText(ctx[name])) &&
    ["lat", "lon"].every((name) => ctx[name] === undefined || Number.isFinite(ctx[name])) &&
    isSecond(ctx.at)
  );
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isText(value) {
  return typeof value === "string";
}

/** @param {unknown} value */
function isSecond(value) {
  return Number.isSafeInteger(value);
}

/**
 * @param {{country?: string | null, location?: string | null}} from
 * @returns {"place" | "own-network" | "unknown"} Whether there is a place, and if not, why.
 */
export function placeKind({ country, location }) {
  if (typeof country === "string") return "place";
  return location === OWN_NETWORK ? "own-network" : "unknown";
}

/**
 * @param {{city?: string | null, country?: string | null}} from
 * @returns {string} A place's name as short as it can be said; empty where there is none.
 */
export function placeName({ city, country }) {
  return city ?? country ?? "";
}

/**
 * @param {{browser: string, os: string}} from
 * @returns {string} "Firefox on Windows".
 */
export function browserName({ browser, os }) {
  return `${browser} on ${os}`;
}
