// The authenticator without its screens: accounts, keys, lines to the hub, requests. Nothing is thrown at the screens.

import { approve, deny, report } from "./answers.js";
import { bind, preview } from "./enrol.js";
import { Household } from "./household.js";
import { subscribed } from "./push.js";
import * as settings from "./settings.js";
import { Store } from "./store.js";

export { activationOf } from "./codes.js";

/**
 * @typedef {import("./enrol.js").Offered} Offered
 * @typedef {import("./home.js").Home} Home
 * @typedef {import("./requests.js").Card} Card
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Failure} Failure
 * @typedef {import("./types.js").HistoryEntry} HistoryEntry
 * @typedef {import("./types.js").LinkState} LinkState
 * @typedef {import("./types.js").Preview} Preview
 * @typedef {import("./types.js").PushState} PushState
 * @typedef {import("./types.js").Request} Request
 * @typedef {import("../../shared/protocol.js").Reason} Reason
 *
 * @typedef {object} World What is not decided here: time, chance, what leaves the phone.
 * @property {Store} store
 * @property {() => number} now In ms.
 * @property {() => number} random 0 up to 1.
 * @property {typeof WebSocket} WebSocket
 * @property {ServiceWorkerRegistration | null} registration
 */

/** @type {Failure} */
const NO_ACCOUNT = Object.freeze({ ok: false, code: "not_found" });

export class Engine extends EventTarget {
  #world;
  #household;
  #isTelling = false;
  /** @type {"persisted" | "refused" | "unknown"} Whether the browser may throw away what is kept here. */
  storage = "unknown";

  /** @param {World} world */
  constructor(world) {
    super();
    this.#world = world;
    this.#household = new Household(world, {
      changed: () => this.#changed(),
      over: (detail) => this.dispatchEvent(new CustomEvent("over", { detail })),
      wiped: (detail) => this.dispatchEvent(new CustomEvent("wiped", { detail })),
    });
  }

  /**
   * Read what is on this phone, and connect.
   *
   * @param {Partial<Omit<World, "store" | "registration">>} [given] Time and chance, for tests.
   * @returns {Promise<Engine>} Rejected where the browser keeps nothing (IndexedDB refused).
   */
  static async open(given = {}) {
    const store = await Store.open();
    const engine = new Engine({
      now: Date.now,
      random: Math.random,
      WebSocket,
      ...given,
      registration: null,
      store,
    });
    await engine.#household.open();
    if (engine.accounts.length > 0) await engine.#askStorage("persisted");
    return engine;
  }

  /** @returns {Account[]} */
  get accounts() {
    return this.#household.homes.map((home) => home.account);
  }

  /** @returns {Request[]} The oldest first, unanswered and unexpired. */
  get requests() {
    return this.#household.deck.cards.map(({ request }) => request);
  }

  /**
   * @param {string} code
   * @returns {Promise<{ok: true, preview: Preview} | Failure>}
   */
  preview(code) {
    return preview(code, this.#world.now);
  }

  /**
   * @param {Preview} offered What `preview` gave.
   * @param {{name: string, pin?: string, biometrics: boolean}} how
   * @returns {Promise<{ok: true, accountId: string} | Failure>}
   */
  async enrol(offered, { name, pin, biometrics }) {
    // Not awaited: Firefox asks the person, who may never answer.
    void this.#askStorage("persist");
    const push = await this.#presentSubscription();
    const how = { name, pin, biometrics, push };
    const bound = await bind(/** @type {Offered} */ (offered), how, this.#world.now);
    if (!bound.ok) return bound;
    await this.#household.add(bound.record);
    return { ok: true, accountId: bound.record.id };
  }

  /**
   * The person sees the request now; the hub is told, and need not wake other phones.
   *
   * @param {string} requestId
   */
  async shown(requestId) {
    if (document.visibilityState !== "visible") return;
    const [home] = this.#find(requestId);
    await home?.shown(requestId);
  }

  /**
   * @param {string} requestId
   * @param {{match?: string, pin?: string}} [given] Without a PIN: by fingerprint or face.
   * @returns {Promise<{ok: true, status: string} | Failure>}
   */
  async approve(requestId, given = {}) {
    const [home, card] = this.#find(requestId);
    return home && card
      ? approve(this.#world, this.#household.deck, home, card, given)
      : this.#over(requestId);
  }

  /**
   * @param {string} requestId
   * @returns {Promise<{ok: true, status: string} | Failure>}
   */
  async deny(requestId) {
    const [home, card] = this.#find(requestId);
    return home && card ? deny(this.#household.deck, home, card) : this.#over(requestId);
  }

  /**
   * @param {string} requestId
   * @param {Reason} reason
   * @returns {Promise<{ok: true} | Failure>}
   */
  async report(requestId, reason) {
    const noted = (await this.history()).find(({ id }) => id === requestId);
    return this.#at(noted?.accountId ?? "", (home) => report(this.#world, home, requestId, reason));
  }

  /**
   * @param {string} accountId
   * @param {{delayS?: number}} [how]
   */
  test(accountId, { delayS = 0 } = {}) {
    return this.#at(accountId, (home) => settings.test(home, delayS));
  }

  /**
   * @param {string} accountId
   * @param {string} name
   */
  rename(accountId, name) {
    return this.#at(accountId, (home) => settings.rename(home, name));
  }

  /**
   * Take the account off this phone, and this phone off the account.
   *
   * @param {string} accountId
   * @param {{force?: boolean}} [how] force: forget it here without telling the hub.
   */
  remove(accountId, { force = false } = {}) {
    return this.#at(accountId, async (home) => {
      const left = force ? { ok: /** @type {const} */ (true) } : await settings.leave(home);
      if (left.ok) await this.#household.forget(home);
      return left;
    });
  }

  /** @param {string} accountId */
  enablePush(accountId) {
    return this.#at(accountId, settings.enablePush);
  }

  /** @param {string} accountId */
  disablePush(accountId) {
    const others = this.#household.homes.filter(({ record }) => record.id !== accountId);
    return this.#at(accountId, (home) => settings.disablePush(this.#world, home, others));
  }

  /**
   * @param {string} accountId
   * @param {string} pin
   */
  addBiometrics(accountId, pin) {
    return this.#at(accountId, (home) => settings.addBiometrics(home, pin));
  }

  /** @returns {Promise<HistoryEntry[]>} The newest first. */
  history() {
    return this.#world.store.history(this.#world.now());
  }

  /** Look at once: visible again, network back, "Try now"; takes over from another window. */
  wake() {
    this.#household.wake();
  }

  /**
   * @param {string} accountId
   * @param {(home: Home) => Promise<{ok: true} | Failure>} work
   * @returns {Promise<{ok: true} | Failure>}
   */
  async #at(accountId, work) {
    const home = this.#household.home(accountId);
    return home ? work(home) : NO_ACCOUNT;
  }

  /**
   * @param {string} requestId
   * @returns {[Home, Card] | []}
   */
  #find(requestId) {
    const card = this.#household.deck.card(requestId);
    const home = card && this.#household.home(card.request.accountId);
    return card && home ? [home, card] : [];
  }

  /**
   * @param {string} requestId
   * @returns {Failure}
   */
  #over(requestId) {
    return { ok: false, code: "over", status: this.#household.deck.outcomeOf(requestId) ?? "expired" };
  }

  /** Notifications that are on for one account are on for the next: the person has been asked. */
  async #presentSubscription() {
    const wanting = this.#household.homes.find(({ account }) => account.push === "on");
    const { registration } = this.#world;
    return wanting?.record.vapidKey ? subscribed(registration, wanting.record.vapidKey) : null;
  }

  /** @param {"persist" | "persisted"} how */
  async #askStorage(how) {
    const isKept = await navigator.storage?.[how]?.().catch(() => false);
    this.storage = isKept === undefined ? "unknown" : isKept ? "persisted" : "refused";
    this.#changed();
  }

  /** Tell it once, however much changed in this turn. */
  #changed() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}
