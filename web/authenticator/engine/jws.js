// Whether a request is what it claims to be: signed by the pinned hub, for this person, now. Nothing else is shown.

import { fromBase64url, fromUtf8, toUtf8 } from "./bytes.js";
import { areRequestClaims } from "./claims.js";

/** @typedef {import("./claims.js").RequestClaims} RequestClaims */

/**
 * @typedef {object} Trust What enrolment pinned.
 * @property {string} issuer
 * @property {string} userId
 * @property {{keys: JsonWebKey[]}} jwks
 *
 * @typedef {"not-signed" | "unknown-key" | "bad-signature" | "not-from-here" | "not-for-you" | "malformed" | "early" | "late"} Doubt
 * @typedef {{ok: true, claims: RequestClaims} | {ok: false, why: Doubt}} Verdict
 */

const TYPE = "lumo-request+jwt";
const TOKEN_MAX_CHARACTERS = 16 * 1024;
/** The hub's clock as the phone knows it may lag the one that dated the request. */
const LEEWAY_S = 30;

/**
 * @param {string} jws
 * @param {string} id What the message around it says: another request under that name is refused.
 * @param {Trust} trust
 * @param {number} hubNow In ms, by the hub's clock.
 * @returns {Promise<Verdict>}
 */
export async function verify(jws, id, trust, hubNow) {
  if (jws.length > TOKEN_MAX_CHARACTERS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jws)) return doubt("not-signed");
  const [header64 = "", claims64 = "", signature64 = ""] = jws.split(".");
  const header = parse(header64);
  // The algorithm is pinned by the type, never taken from the token alone; "crit" would name rules unknown here.
  if (header?.typ !== TYPE || header.alg !== "ES256" || "crit" in header) return doubt("not-signed");
  const jwk = keyNamed(header.kid, trust.jwks);
  if (!jwk) return doubt("unknown-key");
  if (!(await isSigned(`${header64}.${claims64}`, signature64, jwk))) return doubt("bad-signature");
  const claims = parse(claims64);
  if (!areRequestClaims(claims)) return doubt("malformed");
  if (claims.iss !== trust.issuer) return doubt("not-from-here");
  if (claims.aud !== trust.userId) return doubt("not-for-you");
  if (claims.jti !== id) return doubt("malformed");
  if (claims.iat > hubNow / 1000 + LEEWAY_S) return doubt("early");
  if (claims.exp <= hubNow / 1000) return doubt("late");
  return { ok: true, claims };
}

/**
 * @param {Doubt} why
 * @returns {Verdict}
 */
function doubt(why) {
  return { ok: false, why };
}

/**
 * @param {string} part
 * @returns {Record<string, unknown> | null} The JSON object in it.
 */
function parse(part) {
  try {
    const value = JSON.parse(fromUtf8(fromBase64url(part)));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {unknown} kid
 * @param {{keys: JsonWebKey[]}} jwks
 * @returns {JsonWebKey | undefined}
 */
function keyNamed(kid, { keys }) {
  if (typeof kid !== "string") return undefined;
  return keys.find(
    (key) =>
      /** @type {JsonWebKey & {kid?: string}} */ (key).kid === kid &&
      key.kty === "EC" &&
      key.crv === "P-256" &&
      (key.use ?? "sig") === "sig",
  );
}

/**
 * @param {string} input
 * @param {string} signature
 * @param {JsonWebKey} jwk
 */
async function isSigned(input, signature, { kty, crv, x, y }) {
  try {
    const key = await crypto.subtle.importKey(
      "jwk",
      { kty, crv, x, y },
      { name: "ECDSA", namedCurve: "P-256" },
      false,
      ["verify"],
    );
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    return await crypto.subtle.verify(algorithm, key, fromBase64url(signature), toUtf8(input));
  } catch {
    return false;
  }
}
