// The device socket's messages over plain calls, where no socket gets through, and for the service worker.

import { call } from "../../shared/api.js";
import { proof } from "./keys.js";

/**
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("../../shared/protocol.js").HubMessage} HubMessage
 * @typedef {import("../../shared/protocol.js").PhoneMessage} PhoneMessage
 *
 * @typedef {{ok: true, cursor: string, messages: HubMessage[], serverTime: string}
 *   | {ok: false, code: "offline" | "removed" | "refused" | "cut", status: number}} Exchanged
 *   refused: the hub answers and wants none of it; cut: the caller ended it.
 */

/** Any text: the first call only asks for a nonce. */
const NO_NONCE = "none";
const TRIES = 3;

export class Exchange {
  #store;
  #now;

  /**
   * @param {Store} store
   * @param {() => number} now In ms, by this phone's clock.
   */
  constructor(store, now) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Say *messages*, and hear what there is; with *since* and *waitS*, wait for something new.
   *
   * @param {AccountRecord} record
   * @param {PhoneMessage[]} messages
   * @param {{since?: string, waitS?: number, signal?: AbortSignal, nonce?: string}} [how] *nonce*: one that
   *   messages already carry a proof over.
   * @returns {Promise<Exchanged>}
   */
  async call(record, messages, { since, waitS = 0, signal, nonce: fixed } = {}) {
    const query = since === undefined ? "" : `?wait=${waitS}&since=${encodeURIComponent(since)}`;
    let nonce = fixed ?? (await this.#store.takeNonce(record.id)) ?? NO_NONCE;
    let ahead = record.clockAheadMs;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const body = {
        device_id: record.id,
        proof: await proof(record, nonce, this.#now() + ahead),
        messages,
      };
      const answer = await call("POST", `/api/v1/device/exchange${query}`, { body, signal });
      if (signal?.aborted) return { ok: false, code: "cut", status: 0 };
      if (answer.ok) return this.#heard(record, /** @type {Said} */ (answer.value));
      const { status, code, told } = answer.problem;
      if (code !== "use_nonce" || typeof told?.nonce !== "string") return refusal(status, code);
      nonce = told.nonce;
      ahead = aheadOf(told.server_time, this.#now()) ?? ahead;
      // What messages carry is over the old nonce: they cannot be said again under another.
      if (fixed !== undefined) return { ok: false, code: "refused", status };
    }
    return { ok: false, code: "refused", status: 401 };
  }

  /**
   * A nonce that a later call can be made with.
   *
   * @param {AccountRecord} record
   * @returns {Promise<string | null>}
   */
  async nonce(record) {
    const answer = await this.call(record, []);
    return answer.ok ? this.#store.takeNonce(record.id) : null;
  }

  /**
   * @typedef {{nonce: string, server_time: string, cursor: string, messages: HubMessage[]}} Said
   * @param {AccountRecord} record
   * @param {Said} said
   * @returns {Promise<Exchanged>}
   */
  async #heard(record, { nonce, server_time, cursor, messages }) {
    const clockAheadMs = aheadOf(server_time, this.#now());
    await this.#store.update(record.id, () => ({
      nonce,
      ...(clockAheadMs === null ? {} : { clockAheadMs }),
    }));
    return { ok: true, cursor, messages, serverTime: server_time };
  }
}

/**
 * How far the hub's clock is ahead of this phone's, or null for what is no time.
 *
 * @param {unknown} serverTime RFC 3339, cut to whole seconds: on average half a second is missing.
 * @param {number} now In ms.
 */
export function aheadOf(serverTime, now) {
  const at = typeof serverTime === "string" ? Date.parse(serverTime) : Number.NaN;
  return Number.isNaN(at) ? null : at + 500 - now;
}

/**
 * @param {number} status
 * @param {string} code
 * @returns {Exchanged}
 */
function refusal(status, code) {
  if (code === "device_removed") return { ok: false, code: "removed", status };
  return { ok: false, code: status === 0 || status >= 500 ? "offline" : "refused", status };
}
