// The phone's own key: made so that it can never leave this browser, and what it signs.

import { sha256, toBase64url, toUtf8 } from "./bytes.js";

const EC = Object.freeze({ name: "ECDSA", namedCurve: "P-256" });
const ES256 = Object.freeze({ name: "ECDSA", hash: "SHA-256" });
const PROOF_LIFE_S = 60;
const DECISION_LIFE_S = 120;

/**
 * @typedef {object} Signer Who signs, for whom, and by which clock.
 * @property {string} id Device id.
 * @property {string} issuer The hub's public URL.
 * @property {CryptoKey} key
 */

/**
 * A fresh P-256 key. The private half cannot be exported, by this script either.
 *
 * @returns {Promise<{key: CryptoKey, jwk: JsonWebKey}>}
 */
export async function newKey() {
  const pair = await crypto.subtle.generateKey(EC, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { key: pair.privateKey, jwk: { kty, crv, x, y } };
}

/**
 * The proof of a key that has no device id yet: over the activation code exactly as it is sent beside it.
 *
 * @param {{key: CryptoKey, jwk: JsonWebKey}} made
 * @param {string} issuer
 * @param {string} code
 * @param {number} hubNow In ms, by the hub's clock.
 */
export function enrolmentProof({ key, jwk }, issuer, code, hubNow) {
  const iat = Math.floor(hubNow / 1000);
  const claims = { aud: issuer, nonce: code, iat, exp: iat + PROOF_LIFE_S };
  return sign(key, { typ: "lumo-proof+jwt", jwk }, claims);
}

/**
 * The proof that this device's key is here, over one *nonce* of the hub.
 *
 * @param {Signer} signer
 * @param {string} nonce
 * @param {number} hubNow In ms, by the hub's clock.
 */
export function proof(signer, nonce, hubNow) {
  const iat = Math.floor(hubNow / 1000);
  const claims = { iss: signer.id, aud: signer.issuer, nonce, iat, exp: iat + PROOF_LIFE_S };
  return sign(signer.key, { typ: "lumo-proof+jwt", kid: signer.id }, claims);
}

/**
 * The answer to a request, over the hash of exactly the text that was verified and shown.
 *
 * @param {Signer} signer
 * @param {{id: string, jws: string}} request
 * @param {"approve" | "deny"} decision
 * @param {number} hubNow In ms, by the hub's clock.
 * @param {string} [match] The six digits, where the request asks for them.
 */
export async function decision(signer, request, decision, hubNow, match) {
  const iat = Math.floor(hubNow / 1000);
  const claims = {
    iss: signer.id,
    aud: signer.issuer,
    sub: request.id,
    req: toBase64url(await sha256(request.jws)),
    decision,
    ...(match === undefined ? {} : { match }),
    iat,
    exp: iat + DECISION_LIFE_S,
    jti: toBase64url(crypto.getRandomValues(new Uint8Array(16))),
  };
  return sign(signer.key, { typ: "lumo-decision+jwt", kid: signer.id }, claims);
}

/**
 * @param {CryptoKey} key
 * @param {object} header
 * @param {object} claims
 * @returns {Promise<string>} JWS compact, ES256 (RFC 7515, RFC 7518 section 3.4: WebCrypto signs as it wants it).
 */
async function sign(key, header, claims) {
  const part = (/** @type {object} */ value) => toBase64url(toUtf8(JSON.stringify(value)));
  const input = `${part({ alg: "ES256", ...header })}.${part(claims)}`;
  const signature = await crypto.subtle.sign(ES256, key, toUtf8(input));
  return `${input}.${toBase64url(signature)}`;
}
