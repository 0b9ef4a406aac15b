// What a person sets at one account: its name, notifications, a fingerprint added later, a test, and taking it off.

import { proof } from "./keys.js";
import { optionsFor, register } from "./passkeys.js";
import { isSupported, unsubscribe } from "./push.js";

/**
 * @typedef {import("./asks.js").Reply} Reply
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./home.js").Home} Home
 * @typedef {import("./types.js").Failure} Failure
 * @typedef {{ok: true} | Failure} Done
 */

/**
 * @param {Reply} reply
 * @returns {Failure}
 */
function failure(reply) {
  if (reply.type !== "error") return { ok: false, code: "offline" };
  return {
    ok: false,
    code: reply.code,
    ...(reply.tries_left === undefined ? {} : { triesLeft: reply.tries_left }),
  };
}

/**
 * @param {Home} home
 * @param {number} delayS
 * @returns {Promise<Done>}
 */
export async function test(home, delayS) {
  const reply = await home.link.ask({ type: "test", delay_s: delayS });
  return reply.type === "test_asked" ? { ok: true } : failure(reply);
}

/**
 * @param {Home} home
 * @param {string} name
 * @returns {Promise<Done>}
 */
export async function rename(home, name) {
  const reply = await home.link.ask({ type: "rename", name });
  if (reply.type !== "renamed") return failure(reply);
  await home.change(() => ({ deviceName: reply.device.name }));
  return { ok: true };
}

/**
 * @param {Home} home
 * @returns {Promise<Done>}
 */
export async function leave(home) {
  const reply = await home.link.ask({ type: "leave" });
  return reply.type === "left" ? { ok: true } : failure(reply);
}

/**
 * Ask the person, then subscribe, then tell the hub. Called from a click: browsers ask only then.
 *
 * @param {Home} home
 * @returns {Promise<Done>}
 */
export async function enablePush(home) {
  if (!isSupported()) return { ok: false, code: "unsupported" };
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return { ok: false, code: permission === "denied" ? "blocked" : "dismissed" };
  await home.change(({ push }) => ({ push: { ...push, wanted: true } }));
  const refusal = await home.mendPush();
  return refusal === null ? { ok: true } : { ok: false, code: refusal };
}

/**
 * @param {World} world
 * @param {Home} home
 * @param {Home[]} others
 * @returns {Promise<Done>}
 */
export async function disablePush(world, home, others) {
  await home.change(() => ({ push: { wanted: false, endpoint: null, lost: false } }));
  const reply = await home.link.ask({ type: "unsubscribe_push" });
  await unsubscribeUnlessWanted(world, others);
  return reply.type === "push" ? { ok: true } : failure(reply);
}

/**
 * @param {World} world
 * @param {Home[]} others
 */
export async function unsubscribeUnlessWanted(world, others) {
  if (!others.some(({ record }) => record.push.wanted)) await unsubscribe(world.registration);
}

/**
 * @param {Home} home
 * @param {string} pin
 * @returns {Promise<Done>}
 */
export async function addBiometrics(home, pin) {
  const nonce = await home.link.nonce();
  if (nonce === null) return { ok: false, code: "offline" };
  const { record } = home;
  const proven = await proof(record, nonce, home.hubNow());
  const touch = await register(optionsFor(record), proven);
  if (!touch.ok) {
    home.link.release();
    return { ok: false, code: touch.code };
  }
  const { response: attestation, credentialId } = touch;
  const reply = await home.link.ask({ type: "add_credential", proof: proven, attestation, pin }, { nonce });
  if (reply.type !== "credential_added") return failure(reply);
  await home.change(({ uv }) => ({ credentialId, uv: { ...uv, webauthn: true } }));
  return { ok: true };
}
