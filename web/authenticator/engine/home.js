// One account on this phone while the app is open: its record, its line to the hub, what comes over it.

import { Link } from "./link.js";
import { stateOf, subscribed } from "./push.js";

/**
 * @typedef {import("./deck.js").Deck} Deck
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("../../shared/protocol.js").HubMessage} HubMessage
 * @typedef {import("../../shared/protocol.js").Ready} Ready
 *
 * @typedef {object} Family Whom a home tells.
 * @property {() => void} changed
 * @property {(home: Home) => void} removed
 */

export class Home {
  #world;
  #deck;
  #family;
  /** Messages are taken one after the other, as they came. */
  #turn = Promise.resolve();
  /** @type {Set<string>} What the person saw and the hub was not told yet. */
  #unacked = new Set();
  /** @type {AccountRecord} */
  record;
  link;

  /**
   * @param {World} world
   * @param {AccountRecord} record
   * @param {Deck} deck
   * @param {Family} family
   */
  constructor(world, record, deck, family) {
    this.#world = world;
    this.#deck = deck;
    this.#family = family;
    this.record = record;
    this.link = new Link(world, {
      record: () => this.record,
      timed: (clockAheadMs) => void this.change(() => ({ clockAheadMs })),
      heard: (message) => this.#hear(message),
      changed: () => family.changed(),
      removed: () => family.removed(this),
    });
  }

  /** @returns {Account} */
  get account() {
    const { id, userId, tenant, email, deviceName, uv, enrolledAt, lastLiveAt } = this.record;
    const isReached = this.link.state === "live" || this.link.state === "exchange";
    return {
      id,
      userId,
      tenant,
      email,
      deviceName,
      uv,
      link: this.link.state,
      lastLiveAt: isReached ? this.#world.now() : lastLiveAt,
      retryAt: this.link.retryAt,
      push: stateOf(this.record),
      enrolledAt,
    };
  }

  /** By the hub's clock, in ms. */
  hubNow() {
    return this.#world.now() + this.record.clockAheadMs;
  }

  /** @param {(record: AccountRecord) => Partial<AccountRecord>} change */
  async change(change) {
    this.record = { ...this.record, ...change(this.record) };
    this.record = (await this.#world.store.update(this.record.id, change)) ?? this.record;
    this.#family.changed();
  }

  /**
   * The person sees it: the hub is told now, or as soon as it is reached.
   *
   * @param {string} id
   */
  async shown(id) {
    this.#unacked.add(id);
    if (await this.link.say({ type: "ack", id })) this.#unacked.delete(id);
  }

  /** See to it that the hub can wake this phone, where the person wants that. @returns {Promise<string | null>} */
  async mendPush() {
    const { push, vapidKey } = this.record;
    if (!push.wanted || vapidKey === null || Notification.permission !== "granted") return "blocked";
    const subscription = await subscribed(this.#world.registration, vapidKey);
    const refusal = subscription ? await this.#tellHub(subscription) : "push_unavailable";
    const endpoint = refusal === null ? (subscription?.endpoint ?? null) : null;
    // Not reached: the next connection tries again, and nothing is lost yet.
    if (refusal !== "offline") {
      await this.change((now) => ({ push: { ...now.push, endpoint, lost: refusal !== null } }));
    }
    return refusal;
  }

  /**
   * @param {PushSubscription} subscription
   * @returns {Promise<string | null>} Why not, or null.
   */
  async #tellHub(subscription) {
    const reply = await this.link.ask({ type: "subscribe_push", subscription: subscription.toJSON() });
    if (reply.type === "push") return reply.subscribed ? null : "bad_subscription";
    return reply.type === "error" ? reply.code : "offline";
  }

  /** @param {HubMessage} message */
  #hear(message) {
    this.#turn = this.#turn.then(() => this.#take(message));
  }

  /** @param {HubMessage} message */
  async #take(message) {
    switch (message.type) {
      case "ready":
        return this.#welcome(message);
      case "challenge":
        return this.#deck.take(this.record, message);
      case "resolved":
      case "decided":
        return this.#deck.end(message.id, message.status, "elsewhere");
      default:
        return undefined;
    }
  }

  /** @param {Ready} ready */
  async #welcome({ device, account, pending, push_subscribed, vapid_public_key }) {
    await this.change(() => ({
      deviceName: device.name,
      tenant: account.tenant,
      email: account.email,
      lastLiveAt: this.#world.now(),
      ...(vapid_public_key ? { vapidKey: vapid_public_key } : {}),
    }));
    await this.#deck.agree(this.record, pending);
    for (const id of this.#unacked) {
      if (this.#deck.card(id)) await this.shown(id);
      else this.#unacked.delete(id);
    }
    if (this.record.push.wanted) void this.#keepPush(push_subscribed);
  }

  /** @param {boolean} isHeld Whether the hub holds a subscription. */
  async #keepPush(isHeld) {
    const { registration } = this.#world;
    const present = await registration?.pushManager?.getSubscription().catch(() => null);
    const { endpoint, lost } = this.record.push;
    if (!isHeld || lost || present?.endpoint !== endpoint) await this.mendPush();
  }
}
