// All accounts of the app in one window: read, connected, added, forgotten, and agreed with other windows and the worker.

import { CHANNEL } from "./channel.js";
import { Deck } from "./deck.js";
import { Floor } from "./floor.js";
import { Home } from "./home.js";
import { registerWorker } from "./push.js";
import { unsubscribeUnlessWanted } from "./settings.js";

/**
 * @typedef {import("./deck.js").Over} Over
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./channel.js").Word} Word
 *
 * @typedef {object} Events
 * @property {() => void} changed
 * @property {(over: Over) => void} over
 * @property {(account: {tenant: string, email: string}) => void} wiped
 */

export class Household {
  #world;
  #events;
  #floor;
  #channel = new BroadcastChannel(CHANNEL);
  /** @type {Map<string, Home>} */
  #homes = new Map();
  deck;

  /**
   * @param {World} world
   * @param {Events} events
   */
  constructor(world, events) {
    this.#world = world;
    this.#events = events;
    this.#floor = new Floor(() => this.#yield());
    this.deck = new Deck(
      world,
      (id) => this.#homes.get(id)?.record,
      events.changed,
      (over) => {
        this.#say({ type: "over", id: over.id, status: over.status });
        events.over(over);
      },
    );
  }

  /** @returns {Home[]} The account added first comes first. */
  get homes() {
    return [...this.#homes.values()].sort((one, other) => one.record.enrolledAt - other.record.enrolledAt);
  }

  /** @param {string} accountId */
  home(accountId) {
    return this.#homes.get(accountId);
  }

  async open() {
    this.#channel.addEventListener("message", ({ data }) => void this.#hear(data));
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.homes.forEach((home) => void home.link.renew()));
    document.addEventListener("visibilitychange", () => this.wake());
    void registerWorker().then((registration) => {
      this.#world.registration = registration;
    });
    await this.#floor.take();
    await this.#read();
    for (const { accountId, id, jws } of await this.#world.store.pushed()) {
      const home = this.#homes.get(accountId);
      if (home) await this.deck.take(home.record, { id, request: jws });
    }
  }

  /** @param {AccountRecord} record */
  async add(record) {
    await this.#world.store.add(record);
    await this.#note(record, "added");
    this.#join(record);
    this.#say({ type: "accounts" });
    this.#events.changed();
  }

  /** @param {Home} home */
  async forget(home) {
    home.link.stop("offline");
    this.#homes.delete(home.record.id);
    this.deck.clear(home.record.id);
    await this.#world.store.forget(home.record.id);
    await this.#note(home.record, "removed");
    await unsubscribeUnlessWanted(this.#world, this.homes);
    this.#say({ type: "accounts" });
    this.#events.changed();
  }

  /** Look at once; where another window had the floor and the person is here, take it. */
  wake() {
    if (document.visibilityState === "hidden") return;
    void this.#floor.take().then(() => {
      for (const { link } of this.homes) {
        if (link.state === "elsewhere") link.start();
        else link.look();
      }
    });
  }

  /** Another window has the floor. */
  #yield() {
    for (const { record, link } of this.homes) {
      link.stop("elsewhere");
      this.deck.clear(record.id);
    }
  }

  /** @param {AccountRecord} record */
  #join(record) {
    const home = new Home(this.#world, record, this.deck, {
      changed: this.#events.changed,
      removed: (gone) => void this.#wipe(gone),
    });
    this.#homes.set(record.id, home);
    if (this.#floor.isHeld) home.link.start();
    else home.link.stop("elsewhere");
  }

  /** @param {Home} home */
  async #wipe(home) {
    await this.forget(home);
    this.#events.wiped({ tenant: home.record.tenant.name, email: home.record.email });
  }

  /** Take on what stands in the store: another window, or the worker, has changed it. */
  async #read() {
    const records = await this.#world.store.accounts();
    for (const home of this.homes) {
      if (records.some(({ id }) => id === home.record.id)) continue;
      home.link.stop("offline");
      this.#homes.delete(home.record.id);
      this.deck.clear(home.record.id);
    }
    for (const record of records) {
      const home = this.#homes.get(record.id);
      if (home) home.record = record;
      else this.#join(record);
    }
    this.#events.changed();
  }

  /** @param {Word} word */
  async #hear(word) {
    if (word.type === "accounts") await this.#read();
    else if (word.type === "over") await this.deck.end(word.id, word.status, "elsewhere");
    else if (word.type === "look") this.wake();
    // The address is what the screens listen to.
    else if (this.#floor.isHeld) location.hash = `request=${word.id}`;
  }

  /** @param {Word} word */
  #say(word) {
    this.#channel.postMessage(word);
  }

  /**
   * @param {AccountRecord} record
   * @param {"added" | "removed"} what
   */
  #note({ id, tenant, email, deviceName }, what) {
    const at = this.#world.now();
    return this.#world.store.note({
      id: `${what}-${id}`,
      accountId: id,
      tenantName: tenant.name,
      email,
      at,
      what,
      app: "",
      place: "",
      browser: deviceName,
    });
  }
}
