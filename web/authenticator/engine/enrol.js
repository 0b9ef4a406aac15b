// Adding an account: whose code it is, then a new key bound to it, with a fingerprint, a PIN or both.

import { call } from "../../shared/api.js";
import { aheadOf } from "./exchange.js";
import { enrolmentProof, newKey } from "./keys.js";
import { hasBiometrics, register } from "./passkeys.js";

/**
 * @typedef {import("./passkeys.js").CreationOptionsJSON} CreationOptionsJSON
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./types.js").Failure} Failure
 * @typedef {import("./types.js").Preview} Preview
 * @typedef {import("../../shared/protocol.js").Tenant} Tenant
 *
 * @typedef {object} PreviewAnswer
 * @property {Tenant} tenant
 * @property {string} email
 * @property {string} expires_at
 * @property {string} issuer
 * @property {string} server_time
 * @property {string[]} uv
 * @property {CreationOptionsJSON} [webauthn]
 * @property {{min: number, max: number}} pin_length
 *
 * @typedef {object} EnrolAnswer
 * @property {string} device_id
 * @property {string} user_id
 * @property {string} issuer
 * @property {string} socket_url
 * @property {{keys: JsonWebKey[]}} jwks
 * @property {string | null} [vapid_public_key]
 * @property {Tenant} tenant
 * @property {string} email
 * @property {boolean} [push_subscribed]
 *
 * @typedef {Preview & {offer: Offer}} Offered
 * @typedef {{issuer: string, clockAheadMs: number, webauthn: CreationOptionsJSON | null}} Offer What binding needs of
 *   the preview, and nobody reads.
 */

/**
 * @param {string} code
 * @param {() => number} now
 * @returns {Promise<{ok: true, preview: Offered} | Failure>}
 */
export async function preview(code, now) {
  const body = { activation_code: code };
  const answer = await call("POST", "/api/v1/enroll/preview", { body });
  if (!answer.ok) return failure(answer.problem);
  const told = /** @type {PreviewAnswer} */ (answer.value);
  // A phone's keys, links and notifications all belong to the address that the hub calls its own.
  if (told.issuer !== location.origin) {
    return { ok: false, code: "other_address", address: `${told.issuer}/authenticator/#enroll=${code}` };
  }
  const clockAheadMs = aheadOf(told.server_time, now()) ?? 0;
  const offersBiometrics = told.uv.includes("webauthn") && told.webauthn !== undefined;
  return {
    ok: true,
    preview: {
      tenant: told.tenant.name,
      email: told.email,
      expiresAt: Date.parse(told.expires_at) - clockAheadMs,
      issuerHost: new URL(told.issuer).host,
      code,
      uv: { pin: told.uv.includes("pin"), webauthn: offersBiometrics && (await hasBiometrics()) },
      pinLength: told.pin_length,
      offer: { issuer: told.issuer, clockAheadMs, webauthn: told.webauthn ?? null },
    },
  };
}

/**
 * Make a key, let the person touch the sensor where that is wanted, and bind both to the account.
 *
 * @param {Offered} offered
 * @param {{name: string, pin?: string, biometrics: boolean, push?: PushSubscription | null}} how
 * @param {() => number} now
 * @returns {Promise<{ok: true, record: AccountRecord} | Failure>}
 */
export async function bind({ code, offer }, { name, pin, biometrics, push }, now) {
  const made = await newKey();
  const proof = await enrolmentProof(made, offer.issuer, code, now() + offer.clockAheadMs);
  const touch = biometrics && offer.webauthn ? await register(offer.webauthn, proof) : null;
  if (touch && !touch.ok) return touch;
  const answer = await call("POST", "/api/v1/enroll", {
    body: {
      activation_code: code,
      proof,
      device: { name, platform: platform() },
      ...(pin ? { pin } : {}),
      ...(touch ? { attestation: touch.response } : {}),
      ...(push ? { push_subscription: push.toJSON() } : {}),
    },
  });
  if (!answer.ok) return failure(answer.problem);
  const told = /** @type {EnrolAnswer} */ (answer.value);
  const isPushed = Boolean(push && told.push_subscribed);
  return {
    ok: true,
    record: {
      id: told.device_id,
      userId: told.user_id,
      tenant: told.tenant,
      email: told.email,
      deviceName: name.trim(),
      issuer: told.issuer,
      socketUrl: told.socket_url,
      jwks: told.jwks,
      keysAskedAt: 0,
      key: made.key,
      uv: { pin: Boolean(pin), webauthn: touch !== null },
      credentialId: touch?.credentialId ?? null,
      clockAheadMs: offer.clockAheadMs,
      nonce: null,
      push: { wanted: Boolean(push), endpoint: isPushed ? (push?.endpoint ?? null) : null, lost: false },
      vapidKey: told.vapid_public_key ?? null,
      enrolledAt: now(),
      lastLiveAt: null,
    },
  };
}

/** @returns {string} What the phone runs, as the hub keeps it. */
function platform() {
  const { userAgentData } = /** @type {{userAgentData?: {platform?: string}}} */ (navigator);
  return (userAgentData?.platform || navigator.platform || "web").slice(0, 64);
}

/**
 * @param {import("../../shared/api.js").Problem} problem
 * @returns {Failure}
 */
function failure({ code, retryAfterS, told }) {
  const errors = /** @type {{field: string}[] | undefined} */ (told?.errors);
  return {
    ok: false,
    code,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    ...(errors?.[0] ? { field: errors[0].field } : {}),
  };
}
