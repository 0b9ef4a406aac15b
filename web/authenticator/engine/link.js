// One account's line to the hub: by socket, by calls where no socket gets through, again and again.

import { Asks } from "./asks.js";
import { aheadOf, Exchange } from "./exchange.js";
import { proof } from "./keys.js";
import { delayMs, meaningOf, needsExchange, socketAgainMs } from "./retry.js";
import { DeviceSocket } from "./socket.js";

/**
 * @typedef {import("./asks.js").Reply} Reply
 * @typedef {import("./types.js").LinkState} LinkState
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("../../shared/protocol.js").HubMessage} HubMessage
 * @typedef {import("../../shared/protocol.js").PhoneMessage} PhoneMessage
 *
 * @typedef {object} Home What the line belongs to.
 * @property {() => AccountRecord} record
 * @property {(aheadMs: number) => void} timed The hub's clock, told anew.
 * @property {(message: HubMessage) => void} heard Whatever answers nothing that was asked here.
 * @property {() => void} changed
 * @property {() => void} removed The hub does not know this device any more.
 */

const ANSWER_WITHIN_MS = 12_000;
const LONG_POLL_S = 25;
const HEARTBEAT_MS = 25_000;

export class Link {
  #world;
  #home;
  #asks = new Asks();
  #exchange;
  /** @type {DeviceSocket | undefined} */
  #socket;
  /** @type {AbortController | undefined} The long poll. */
  #poll;
  /** @type {(() => void) | undefined} */
  #hurry;
  /** @type {LinkState} */
  state = "connecting";
  /** @type {number | null} */
  retryAt = null;
  #running = false;
  #stopped = true;
  #failures = 0;
  #socketAgainAt = 0;
  /** Whether a connection was ended only to be made anew. */
  #isRenewing = false;
  /** @type {Promise<void> | undefined} While a nonce is kept for a message to come. */
  #held;
  /** The nonce is not needed any more. */
  release = () => {};

  /**
   * @param {World} world
   * @param {Home} home
   */
  constructor(world, home) {
    this.#world = world;
    this.#home = home;
    this.#exchange = new Exchange(world.store, world.now);
  }

  start() {
    if (!this.#stopped && this.#running) return;
    this.#stopped = false;
    this.#failures = 0;
    this.#set("connecting");
    if (!this.#running) void this.#run();
  }

  /**
   * Leave the hub alone, until `start`.
   *
   * @param {LinkState} state
   */
  stop(state) {
    this.#stopped = true;
    this.#socket?.close();
    this.#poll?.abort();
    this.#asks.drop();
    this.release();
    this.#set(state);
    this.#hurry?.();
  }

  /** Look at once, and make sure that a connection that was long silent is still one. */
  look() {
    const { now } = this.#world;
    if (this.#socket?.isReady && this.#asks.isEmpty && now() - this.#socket.heardAt > HEARTBEAT_MS)
      this.renew();
    this.#socketAgainAt = 0;
    this.#poll?.abort();
    this.#hurry?.();
  }

  /** The network has changed under the connection: make another. */
  renew() {
    if (!this.#socket?.isReady) return;
    this.#isRenewing = true;
    this.#socket.close();
  }

  /**
   * Say something that is answered.
   *
   * @param {PhoneMessage} message
   * @param {{about?: string, nonce?: string, withinMs?: number}} [how]
   * @returns {Promise<Reply>}
   */
  ask(message, { about, nonce, withinMs = ANSWER_WITHIN_MS } = {}) {
    if (this.#stopped) return Promise.resolve({ type: "offline" });
    const reply = this.#asks.add(message, { about, nonce, withinMs });
    this.release();
    this.#saySocket();
    // Waiting for the next try, or for news, or for a socket that hardly gets through: this is more important.
    if (this.state === "exchange" && this.#socket && !this.#socket.isReady) this.#socket.close();
    this.#poll?.abort();
    this.#hurry?.();
    return reply;
  }

  /**
   * Say something that has no answer.
   *
   * @param {PhoneMessage} message
   * @returns {Promise<boolean>} Whether the hub was reached.
   */
  async say(message) {
    if (this.#socket?.isReady) {
      this.#socket.send(message);
      return true;
    }
    if (this.state !== "exchange") return false;
    return (await this.#exchange.call(this.#home.record(), [message])).ok;
  }

  /**
   * The nonce that a proof inside a message has to be over. By calls each one makes those before it old: none
   * is made until that message is said, or *release* is called.
   *
   * @returns {Promise<string | null>}
   */
  async nonce() {
    if (this.#socket?.isReady) return this.#socket.nonce;
    if (this.state !== "exchange") return null;
    this.#held = new Promise((resolve) => {
      this.release = resolve;
    });
    this.#poll?.abort();
    return this.#exchange.nonce(this.#home.record());
  }

  async #run() {
    this.#running = true;
    while (!this.#stopped) {
      const { code, wasReady } = await this.#listen();
      if (this.#stopped) break;
      const meaning = meaningOf(code);
      if (meaning === "forget") return this.#forget();
      if (meaning === "yield") {
        this.stop("elsewhere");
        break;
      }
      this.#failures = wasReady ? 0 : this.#failures + 1;
      if (this.#isRenewing) {
        this.#isRenewing = false;
        continue;
      }
      if (needsExchange(this.#failures) && (await this.#byCalls())) continue;
      if (this.#stopped) break;
      await this.#pause(delayMs(this.#failures, code, this.#world.random));
    }
    this.#running = false;
    // Started again while the last connection was still ending.
    if (!this.#stopped) void this.#run();
  }

  #forget() {
    this.#running = false;
    this.stop("offline");
    this.#home.removed();
  }

  /** @returns {Promise<{code: number, wasReady: boolean}>} How the socket ended. */
  async #listen() {
    const record = this.#home.record();
    const socket = new DeviceSocket(
      {
        url: record.socketUrl,
        deviceId: record.id,
        issuer: record.issuer,
        now: this.#world.now,
        prove: (nonce, serverTime) => {
          const ahead = aheadOf(serverTime, this.#world.now()) ?? record.clockAheadMs;
          this.#home.timed(ahead);
          return proof(record, nonce, this.#world.now() + ahead);
        },
        heard: (message) => this.#hear(message),
      },
      this.#world.WebSocket,
    );
    this.#socket = socket;
    const end = await socket.closed;
    this.#socket = undefined;
    this.#asks.lost();
    return end;
  }

  /** @param {HubMessage} message */
  #hear(message) {
    if (this.#stopped) return;
    if (message.type === "ready") {
      this.#failures = 0;
      this.#set("live");
    }
    if (!this.#asks.answer(message)) this.#home.heard(message);
    if (message.type === "ready") this.#saySocket();
  }

  #saySocket() {
    const socket = this.#socket;
    if (!socket?.isReady) return;
    for (const ask of this.#asks.unsaid()) {
      if (ask.nonce !== undefined && ask.nonce !== socket.nonce) ask.end({ type: "offline" });
      else socket.send(ask.message);
    }
  }

  /**
   * Go on by calls as long as they work and it is not time to try the socket again.
   *
   * @returns {Promise<boolean>} Whether they worked at all.
   */
  async #byCalls() {
    this.#socketAgainAt = this.#world.now() + socketAgainMs(this.#failures, this.#world.random);
    /** @type {string | undefined} */
    let cursor;
    while (!this.#stopped && (this.#world.now() < this.#socketAgainAt || !this.#asks.isEmpty)) {
      if (this.#asks.isEmpty) await this.#held;
      const asks = this.#asks.unsaid();
      const answer = await this.#callOnce(asks, cursor);
      if (this.#stopped) return false;
      if (answer.ok) {
        this.#set("exchange");
        cursor = answer.cursor;
        for (const message of endingsFirst(answer.messages)) {
          if (!this.#asks.answer(message)) this.#home.heard(message);
        }
        // Every reply is in the answer: what has none now will get none.
        for (const ask of asks) ask.end({ type: "offline" });
      } else if (answer.code === "cut") {
        this.#asks.lost();
      } else {
        this.#asks.lost();
        if (answer.code === "removed") this.#forget();
        return false;
      }
    }
    this.#asks.lost();
    return cursor !== undefined;
  }

  /**
   * @param {import("./asks.js").Ask[]} asks
   * @param {string | undefined} cursor
   */
  async #callOnce(asks, cursor) {
    const messages = asks.map((ask) => ask.message);
    const nonce = asks.find((ask) => ask.nonce !== undefined)?.nonce;
    if (messages.length > 0 || cursor === undefined) {
      return this.#exchange.call(this.#home.record(), messages, { since: cursor, nonce });
    }
    this.#poll = new AbortController();
    const how = { since: cursor, waitS: LONG_POLL_S, signal: this.#poll.signal };
    const answer = await this.#exchange.call(this.#home.record(), [], how);
    this.#poll = undefined;
    return answer;
  }

  /** @param {number} ms */
  #pause(ms) {
    this.retryAt = this.#world.now() + ms;
    this.#set("offline");
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#hurry?.(), ms);
      this.#hurry = () => {
        clearTimeout(timer);
        this.#hurry = undefined;
        this.retryAt = null;
        resolve(undefined);
      };
    });
  }

  /** @param {LinkState} state */
  #set(state) {
    if (state !== "offline") this.retryAt = null;
    this.state = state;
    this.#home.changed();
  }
}

/**
 * What has ended before what is pending: `ready`, which comes first, only leaves it out, and says not how.
 *
 * @param {HubMessage[]} messages
 */
function endingsFirst(messages) {
  const isEnding = (/** @type {HubMessage} */ { type }) => type === "resolved";
  return [...messages.filter(isEnding), ...messages.filter((message) => !isEnding(message))];
}
