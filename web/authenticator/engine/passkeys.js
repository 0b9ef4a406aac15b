// The phone's fingerprint or face (WebAuthn): a key in its hardware that signs this very decision.

import { fromBase64url, sha256, toBase64url, toUtf8 } from "./bytes.js";

/**
 * @typedef {object} CreationOptionsJSON PublicKeyCredentialCreationOptionsJSON, as far as the hub sends it.
 * @property {{id?: string, name: string}} rp
 * @property {{id: string, name: string, displayName: string}} user
 * @property {string} challenge
 * @property {{type: "public-key", alg: number}[]} pubKeyCredParams
 *
 * @typedef {{ok: true, response: object, credentialId: string} | {ok: false, code: "cancelled" | "unavailable"}} Touched
 */

const SHEET_OPEN_MS = 60_000;
const ES256 = -7;
const RS256 = -257;

/** @returns {Promise<boolean>} Whether this phone has a fingerprint reader, a face camera or the like, set up. */
export async function hasBiometrics() {
  try {
    return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  } catch {
    return false;
  }
}

/**
 * Make a credential. The challenge is SHA-256 of *proof*: it is bound to the very key that the proof shows.
 *
 * @param {CreationOptionsJSON} options
 * @param {string} proof
 * @returns {Promise<Touched>}
 */
export async function register({ rp, user, pubKeyCredParams }, proof) {
  return touched(async () => {
    const credential = await navigator.credentials.create({
      publicKey: {
        rp,
        user: { ...user, id: fromBase64url(user.id) },
        challenge: await sha256(proof),
        pubKeyCredParams,
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          userVerification: "required",
          residentKey: "discouraged",
        },
        attestation: "none",
        timeout: SHEET_OPEN_MS,
      },
    });
    const { response, ...common } = parts(credential);
    const made = /** @type {AuthenticatorAttestationResponse} */ (response);
    return {
      ...common,
      response: {
        clientDataJSON: toBase64url(made.clientDataJSON),
        attestationObject: toBase64url(made.attestationObject),
        transports: made.getTransports?.() ?? ["internal"],
      },
    };
  });
}

/**
 * What a phone asks of itself where the hub sent no options: biometrics added to an account that is there.
 *
 * @param {{id: string, email: string, tenant: {name: string}}} account
 * @returns {CreationOptionsJSON}
 */
export function optionsFor({ id, email, tenant }) {
  return {
    rp: { name: tenant.name, id: location.hostname },
    user: { id: toBase64url(toUtf8(id)), name: email, displayName: email },
    challenge: "",
    pubKeyCredParams: [
      { type: "public-key", alg: ES256 },
      { type: "public-key", alg: RS256 },
    ],
  };
}

/**
 * Let the person touch the sensor for *decision*: the challenge is SHA-256 of it.
 *
 * @param {string} credentialId
 * @param {string} decision
 * @returns {Promise<Touched>}
 */
export async function assert(credentialId, decision) {
  return touched(async () => {
    const credential = await navigator.credentials.get({
      publicKey: {
        challenge: await sha256(decision),
        rpId: location.hostname,
        allowCredentials: [{ type: "public-key", id: fromBase64url(credentialId), transports: ["internal"] }],
        userVerification: "required",
        timeout: SHEET_OPEN_MS,
      },
    });
    const { response, ...common } = parts(credential);
    const given = /** @type {AuthenticatorAssertionResponse} */ (response);
    return {
      ...common,
      response: {
        clientDataJSON: toBase64url(given.clientDataJSON),
        authenticatorData: toBase64url(given.authenticatorData),
        signature: toBase64url(given.signature),
        ...(given.userHandle ? { userHandle: toBase64url(given.userHandle) } : {}),
      },
    };
  });
}

/**
 * @param {Credential | null} credential
 * The parts of the JSON form that both have (written by hand: not every browser has `toJSON`).
 */
function parts(credential) {
  if (!(credential instanceof PublicKeyCredential))
    throw new DOMException("no credential", "NotAllowedError");
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? "platform",
    clientExtensionResults: {},
    response: credential.response,
  };
}

/**
 * @param {() => Promise<{id: string}>} ceremony
 * @returns {Promise<Touched>}
 */
async function touched(ceremony) {
  try {
    const response = await ceremony();
    return { ok: true, response, credentialId: response.id };
  } catch (error) {
    // The browser does not tell "the person said no" from "it took too long" or "the wrong finger".
    const isRefusal = error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name);
    return { ok: false, code: isRefusal ? "cancelled" : "unavailable" };
  }
}
