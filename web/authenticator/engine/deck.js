// The cards that lie open: all verified requests of this phone that wait for an answer.

import { elsewhere, entryOf, read } from "./requests.js";

/**
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./requests.js").Card} Card
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./types.js").HistoryEntry} HistoryEntry
 * @typedef {import("../../shared/protocol.js").Asked} Asked
 * @typedef {import("../../shared/protocol.js").Outcome} Outcome
 *
 * @typedef {{id: string, status: Outcome, by: "here" | "elsewhere"}} Over
 */

/** A timer of more than 24 days runs at once; nothing here is that long, and a look more does no harm. */
const LONGEST_LOOK_MS = 60_000;

export class Deck {
  #world;
  #recordOf;
  #changed;
  #over;
  /** @type {Map<string, Card>} */
  #open = new Map();
  /** @type {Map<string, Outcome>} What has ended here is not laid open again. */
  #ended = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {World} world
   * @param {(accountId: string) => AccountRecord | undefined} recordOf
   * @param {() => void} changed
   * @param {(over: Over) => void} over
   */
  constructor(world, recordOf, changed, over) {
    this.#world = world;
    this.#recordOf = recordOf;
    this.#changed = changed;
    this.#over = over;
  }

  /** @returns {Card[]} The oldest first. */
  get cards() {
    const now = this.#world.now();
    return [...this.#open.values()]
      .filter(({ request }) => request.expiresAt > now)
      .sort((one, other) => one.request.askedAt - other.request.askedAt);
  }

  /** @param {string} id */
  card(id) {
    return this.#open.get(id);
  }

  /** @param {string} id */
  outcomeOf(id) {
    return this.#ended.get(id);
  }

  /**
   * Lay a request open, if it is what it claims to be.
   *
   * @param {AccountRecord} record
   * @param {{id: string, request: string}} asked
   */
  async take(record, asked) {
    if (this.#open.has(asked.id) || this.#ended.has(asked.id)) return;
    const found = await read(this.#world.store, record, asked, this.#world.now());
    // It may have ended, or its account may be gone, while it was read.
    if (!found.ok || this.#ended.has(asked.id) || !this.#recordOf(record.id)) return;
    this.#open.set(asked.id, found.card);
    this.#look();
    this.#changed();
  }

  /**
   * What the hub says is pending is the truth, after every connection.
   *
   * @param {AccountRecord} record
   * @param {Asked[]} pending
   */
  async agree(record, pending) {
    const ids = new Set(pending.map(({ id }) => id));
    for (const { request } of this.cards) {
      if (request.accountId !== record.id || ids.has(request.id)) continue;
      const noted = await this.#world.store.noted(record.id, request.id);
      await this.end(request.id, outcomeIn(noted?.what), "elsewhere", noted?.what ?? "answered-elsewhere");
    }
    for (const asked of pending) await this.take(record, asked);
  }

  /**
   * Put a card away and note how it ended.
   *
   * @param {string} id
   * @param {Outcome} status
   * @param {"here" | "elsewhere"} by
   * @param {HistoryEntry["what"]} [what]
   */
  async end(id, status, by, what = by === "elsewhere" ? elsewhere(status) : undefined) {
    const card = this.#open.get(id);
    this.#ended.set(id, status);
    if (!card) return;
    this.#open.delete(id);
    const record = this.#recordOf(card.request.accountId);
    if (record) {
      const noted = what ?? (status === "approved" ? "approved" : "denied");
      await this.#world.store.note(entryOf(card.request, record, noted, this.#world.now()));
      await this.#world.store.dropPushed(id);
    }
    this.#over({ id, status, by });
    this.#changed();
  }

  /**
   * Another window shows them now, or their account is gone.
   *
   * @param {string} accountId
   */
  clear(accountId) {
    for (const [id, { request }] of this.#open) if (request.accountId === accountId) this.#open.delete(id);
    this.#changed();
  }

  /** Put away what has run out, and look again when the next one does. */
  #look() {
    clearTimeout(this.#timer);
    const now = this.#world.now();
    let next = LONGEST_LOOK_MS;
    for (const [id, { request }] of this.#open) {
      if (request.expiresAt <= now) void this.end(id, "expired", "elsewhere");
      else next = Math.min(next, request.expiresAt - now);
    }
    if (this.#open.size > 0) this.#timer = setTimeout(() => this.#look(), next);
  }
}

/**
 * @param {HistoryEntry["what"] | undefined} what
 * @returns {Outcome}
 */
function outcomeIn(what) {
  if (what === "approved" || what === "denied" || what === "expired") return what;
  return what === "reported" ? "denied" : "cancelled";
}
