// What stays on this phone: accounts with their keys, history, what it has approved from, requests pushed to it.

/**
 * @typedef {import("../../shared/protocol.js").Tenant} Tenant
 * @typedef {import("./types.js").HistoryEntry} HistoryEntry
 *
 * @typedef {object} AccountRecord
 * @property {string} id Device id.
 * @property {string} userId
 * @property {Tenant} tenant
 * @property {string} email
 * @property {string} deviceName
 * @property {string} issuer Pinned at enrolment.
 * @property {string} socketUrl
 * @property {{keys: JsonWebKey[]}} jwks The hub's keys, pinned.
 * @property {number} keysAskedAt When those were last fetched anew, in ms.
 * @property {CryptoKey} key Private, not exportable.
 * @property {{pin: boolean, webauthn: boolean}} uv
 * @property {string | null} credentialId Base64url.
 * @property {number} clockAheadMs How far the hub's clock is ahead of this phone's.
 * @property {string | null} nonce For the next exchange.
 * @property {{wanted: boolean, endpoint: string | null, lost: boolean}} push Whether the person has it on, and
 *   which endpoint the hub was told.
 * @property {string | null} vapidKey
 * @property {number} enrolledAt
 * @property {number | null} lastLiveAt
 *
 * @typedef {object} KnownOrigin Where the person has approved from: kept as long as the account.
 * @property {string} accountId
 * @property {string} place Country and city, or empty.
 * @property {string} browser "Firefox on Windows".
 * @property {number} since
 * @property {{lat: number, lon: number} | null} spot
 *
 * @typedef {object} PushedRequest A request that a push brought, as it was verified.
 * @property {string} id
 * @property {string} accountId
 * @property {string} jws
 * @property {number} expiresAt In ms, by this phone's clock.
 */

const NAME = "lumoauth-authenticator";
const VERSION = 1;
const PUSHED_KEPT_MS = 3600 * 1000;
const HISTORY_KEPT_MS = 30 * 24 * 3600 * 1000;

export class Store {
  #db;

  /** @param {IDBDatabase} db */
  constructor(db) {
    this.#db = db;
    // Another version of the app wants in: it is not made to wait for this one to be closed.
    db.onversionchange = () => db.close();
  }

  /** @returns {Promise<Store>} */
  static open() {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open(NAME, VERSION);
      opening.onupgradeneeded = () => {
        const db = opening.result;
        db.createObjectStore("accounts", { keyPath: "id" });
        db.createObjectStore("history", { keyPath: ["accountId", "id"] }).createIndex("at", "at");
        db.createObjectStore("known", { keyPath: ["accountId", "place", "browser"] });
        db.createObjectStore("pushed", { keyPath: "id" });
      };
      opening.onsuccess = () => resolve(new Store(opening.result));
      opening.onerror = () => reject(opening.error);
    });
  }

  close() {
    this.#db.close();
  }

  /** @returns {Promise<AccountRecord[]>} The oldest first. */
  async accounts() {
    const found = /** @type {AccountRecord[]} */ (await this.#all("accounts"));
    return found.sort((one, other) => one.enrolledAt - other.enrolledAt);
  }

  /** @param {AccountRecord} record */
  add(record) {
    return this.#run("accounts", (accounts) => accounts.put(record));
  }

  /**
   * Change some fields as one step, so that page and worker do not write over each other.
   *
   * @param {string} id
   * @param {(record: AccountRecord) => Partial<AccountRecord>} change
   * @returns {Promise<AccountRecord | undefined>} The record after it; undefined where it is forgotten.
   */
  update(id, change) {
    return new Promise((resolve, reject) => {
      const tx = this.#db.transaction("accounts", "readwrite");
      const accounts = tx.objectStore("accounts");
      /** @type {AccountRecord | undefined} */
      let after;
      const reading = accounts.get(id);
      reading.onsuccess = () => {
        const record = /** @type {AccountRecord | undefined} */ (reading.result);
        if (!record) return;
        after = { ...record, ...change(record) };
        accounts.put(after);
      };
      tx.oncomplete = () => resolve(after);
      tx.onerror = () => reject(tx.error);
      tx.onabort = () => reject(tx.error);
    });
  }

  /**
   * Take the nonce out: no two calls may use it.
   *
   * @param {string} id
   * @returns {Promise<string | null>}
   */
  async takeNonce(id) {
    /** @type {string | null} */
    let nonce = null;
    await this.update(id, (record) => {
      nonce = record.nonce;
      return { nonce: null };
    });
    return nonce;
  }

  /**
   * The account's key and all that was learnt of it; history stays until its time.
   *
   * @param {string} id
   */
  async forget(id) {
    await this.#run("accounts", (accounts) => accounts.delete(id));
    await this.#run("known", (known) => known.delete(IDBKeyRange.bound([id], [id, []])));
    for (const { id: pushed, accountId } of await this.pushed()) {
      if (accountId === id) await this.dropPushed(pushed);
    }
  }

  /**
   * Note how something ended. What is noted already stays, unless *over* says to write over it.
   *
   * @param {HistoryEntry} entry
   * @param {{over?: boolean}} [how]
   */
  async note(entry, { over = false } = {}) {
    await this.#run("history", (history) => {
      if (over) return history.put(entry);
      const reading = history.get([entry.accountId, entry.id]);
      reading.onsuccess = () => {
        if (reading.result === undefined) history.put(entry);
      };
      return reading;
    });
  }

  /**
   * @param {string} accountId
   * @param {string} id
   * @returns {Promise<HistoryEntry | undefined>}
   */
  noted(accountId, id) {
    return /** @type {Promise<HistoryEntry | undefined>} */ (
      this.#run("history", (history) => history.get([accountId, id]), "readonly")
    );
  }

  /**
   * @param {number} now
   * @returns {Promise<HistoryEntry[]>} Of the last 30 days, the newest first; older ones are erased.
   */
  async history(now) {
    const old = IDBKeyRange.upperBound(now - HISTORY_KEPT_MS);
    await this.#run("history", (history) => {
      const walking = history.index("at").openCursor(old);
      walking.onsuccess = () => {
        walking.result?.delete();
        walking.result?.continue();
      };
      return walking;
    });
    const kept = /** @type {HistoryEntry[]} */ (await this.#all("history"));
    return kept.sort((one, other) => other.at - one.at);
  }

  /** @returns {Promise<KnownOrigin[]>} */
  known() {
    return /** @type {Promise<KnownOrigin[]>} */ (this.#all("known"));
  }

  /**
   * Remember where an approval came from; the first time counts.
   *
   * @param {KnownOrigin} origin
   */
  async know(origin) {
    await this.#run("known", (known) => {
      const reading = known.get([origin.accountId, origin.place, origin.browser]);
      reading.onsuccess = () => {
        if (reading.result === undefined) known.put(origin);
      };
      return reading;
    });
  }

  /** @returns {Promise<PushedRequest[]>} */
  pushed() {
    return /** @type {Promise<PushedRequest[]>} */ (this.#all("pushed"));
  }

  /**
   * Keep it until it has ended; those that nobody told the end of go after a while.
   *
   * @param {PushedRequest} request
   * @param {number} now
   */
  async keepPushed(request, now) {
    for (const { id, expiresAt } of await this.pushed()) {
      if (expiresAt < now - PUSHED_KEPT_MS) await this.dropPushed(id);
    }
    await this.#run("pushed", (pushed) => pushed.put(request));
  }

  /** @param {string} id */
  dropPushed(id) {
    return this.#run("pushed", (pushed) => pushed.delete(id));
  }

  /** @param {string} name */
  #all(name) {
    return this.#run(name, (store) => store.getAll(), "readonly");
  }

  /**
   * @param {string} name
   * @param {(store: IDBObjectStore) => IDBRequest} work
   * @param {IDBTransactionMode} [mode]
   * @returns {Promise<unknown>} What the request gave, once it is written.
   */
  #run(name, work, mode = "readwrite") {
    return new Promise((resolve, reject) => {
      const tx = this.#db.transaction(name, mode);
      const request = work(tx.objectStore(name));
      tx.oncomplete = () => resolve(request.result);
      tx.onerror = () => reject(tx.error);
      tx.onabort = () => reject(tx.error);
    });
  }
}
