// What the worker does for the accounts of this phone: verifies what a push says, acknowledges, denies.

import { tell } from "../engine/channel.js";
import { Exchange } from "../engine/exchange.js";
import { decision } from "../engine/keys.js";
import { elsewhere, entryOf, read } from "../engine/requests.js";
import { Store } from "../engine/store.js";

/**
 * @typedef {import("../engine/asks.js").HubMessage} HubMessage
 * @typedef {import("../engine/jws.js").Doubt} Doubt
 * @typedef {import("../engine/requests.js").Card} Card
 * @typedef {import("../engine/store.js").AccountRecord} AccountRecord
 * @typedef {import("../../shared/protocol.js").Outcome} Outcome
 *
 * @typedef {{account: AccountRecord, card: Card}} Found
 */

/** A notification must not wait for a network that hangs. */
const FETCH_WITHIN_MS = 6_000;

export class Desk {
  #store;
  #exchange;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#exchange = new Exchange(store, Date.now);
  }

  static async open() {
    return new Desk(await Store.open());
  }

  close() {
    this.#store.close();
  }

  /**
   * The request that a push is about, verified; what the push was too long for is asked for.
   *
   * @param {{id: string, account: string, request?: string}} pushed
   * @returns {Promise<Found | Doubt | null>} Why it is not shown; null for an account that is not here.
   */
  async find({ id, account: userId, request }) {
    /** @type {Doubt | null} */
    let doubt = null;
    for (const account of await this.#store.accounts()) {
      if (account.userId !== userId) continue;
      const jws = request ?? (await this.#pending(account, id));
      if (jws === undefined) continue;
      const found = await read(this.#store, account, { id, request: jws }, Date.now());
      if (found.ok) {
        await this.#keep(account, found.card);
        return { account, card: found.card };
      }
      doubt = found.why;
    }
    return doubt;
  }

  /**
   * A request that was shown before.
   *
   * @param {string} id
   * @returns {Promise<Found | null>}
   */
  async shown(id) {
    const kept = (await this.#store.pushed()).find((each) => each.id === id);
    const account = kept && (await this.#store.accounts()).find((each) => each.id === kept.accountId);
    if (!kept || !account) return null;
    // As of when it could be answered: what became of it afterwards is the hub's to say.
    const then = Math.min(Date.now(), kept.expiresAt - 1);
    const found = await read(this.#store, account, { id, request: kept.jws }, then);
    return found.ok ? { account, card: found.card } : null;
  }

  /**
   * Tell the hub that it is shown: then it wakes nobody else for it.
   *
   * @param {Found} found
   */
  async ack({ account, card }) {
    await this.#exchange.call(account, [{ type: "ack", id: card.request.id }]);
  }

  /**
   * @param {Found} found
   * @returns {Promise<{status: Outcome} | "offline" | "refused" | "removed">}
   */
  async deny({ account, card: { jws, request } }) {
    const { id } = request;
    const token = await decision(account, { id, jws }, "deny", Date.now() + account.clockAheadMs);
    const said = await this.#exchange.call(account, [{ type: "decide", decision: token }]);
    if (!said.ok) {
      if (said.code === "removed") await this.#forget(account);
      return said.code === "cut" ? "offline" : said.code;
    }
    const decided = said.messages.find((message) => message.type === "decided" && message.id === id);
    if (decided?.type !== "decided") return "refused";
    const what = decided.status === "denied" ? "denied" : elsewhere(decided.status);
    // A window that is open may have heard the ending already, but not that it was this phone's.
    await this.#store.note(entryOf(request, account, what, Date.now()), { over: what === "denied" });
    await this.over(id, decided.status);
    return { status: decided.status };
  }

  /**
   * A request has ended, decided by somebody else or by nobody.
   *
   * @param {string} id
   * @param {Outcome} status
   * @returns {Promise<Found | null>} What it was, where it was shown here.
   */
  async resolved(id, status) {
    const found = await this.shown(id);
    if (found) {
      await this.#store.note(entryOf(found.card.request, found.account, elsewhere(status), Date.now()));
    }
    await this.over(id, status);
    return found;
  }

  /**
   * @param {string} id
   * @param {Outcome} status
   */
  async over(id, status) {
    await this.#store.dropPushed(id);
    tell({ type: "over", id, status });
  }

  /**
   * The browser has another subscription now: every account that wants pushes tells its hub.
   *
   * @param {(vapidKey: string) => Promise<PushSubscription | null>} subscribe
   */
  async resubscribe(subscribe) {
    for (const account of await this.#store.accounts()) {
      if (!account.push.wanted || account.vapidKey === null) continue;
      const subscription = await subscribe(account.vapidKey);
      const isHeld = subscription !== null && (await this.#subscribe(account, subscription));
      const endpoint = isHeld ? subscription.endpoint : null;
      await this.#store.update(account.id, ({ push }) => ({ push: { ...push, endpoint, lost: !isHeld } }));
    }
    tell({ type: "accounts" });
  }

  /**
   * @param {AccountRecord} account
   * @param {PushSubscription} subscription
   */
  async #subscribe(account, subscription) {
    const message = { type: /** @type {const} */ ("subscribe_push"), subscription: subscription.toJSON() };
    const said = await this.#exchange.call(account, [message]);
    return said.ok && said.messages.some((each) => each.type === "push" && each.subscribed);
  }

  /**
   * @param {AccountRecord} account
   * @param {string} id
   */
  async #pending(account, id) {
    const said = await this.#exchange.call(account, [], { signal: AbortSignal.timeout(FETCH_WITHIN_MS) });
    if (!said.ok) return undefined;
    const asked = said.messages.flatMap((each) => (each.type === "ready" ? each.pending : []));
    return asked.find((each) => each.id === id)?.request;
  }

  /**
   * @param {AccountRecord} account
   * @param {Card} card
   */
  #keep({ id: accountId }, { jws, request: { id, expiresAt } }) {
    return this.#store.keepPushed({ id, accountId, jws, expiresAt }, Date.now());
  }

  /** @param {AccountRecord} account */
  async #forget({ id }) {
    await this.#store.forget(id);
    tell({ type: "accounts" });
  }
}
