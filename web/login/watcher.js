// Hears of every change of a login: by the login socket, and by asking again and again where no socket gets through.

import { call } from "../shared/api.js";
import { Close, LOGIN_SUBPROTOCOL, readMessage } from "../shared/protocol.js";
import { delayMs, isBlocked, needsPoll } from "./retry.js";

/**
 * @typedef {import("../shared/protocol.js").Login} Login
 * @typedef {import("../shared/protocol.js").State} State
 * @typedef {import("../shared/protocol.js").Outcome} Outcome
 * @typedef {import("./sight.js").Link} Link
 *
 * @typedef {object} Page Whom the watcher tells.
 * @property {() => Login} login What the page knows by now.
 * @property {(state: State | Login) => void} changed
 * @property {(outcome: Outcome) => void} resolved
 * @property {(link: Link) => void} linked
 * @property {() => void} lost The hub knows no such login of this browser any more.
 */

/** The hub answers the ticket at once; a connection without a word by then is none. */
const FIRST_WORD_WITHIN_MS = 5_000;
/** A short break is nobody's business. */
const SAY_AFTER_MS = 2_000;

export class Watcher {
  #api;
  #page;
  #failures = 0;
  #failuresSincePoll = 0;
  #pollAnswered = false;
  #over = false;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {AbortController | undefined} */
  #poll;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #trouble;
  /** @type {(() => void) | undefined} */
  #hurry;

  /**
   * @param {string} api The login's address.
   * @param {Page} page
   */
  constructor(api, page) {
    this.#api = api;
    this.#page = page;
  }

  /** Watch until the login is over. */
  async run() {
    while (!this.#over) {
      const code = await this.#listen();
      if (this.#over || (code === Close.DONE && isFinal(this.#page.login()))) break;
      this.#fret();
      // A ticket that no longer opens anything, or a farewell without a last word: the state says more.
      if (code === Close.NOT_AUTHENTICATED || code === Close.DONE) await this.look();
      if (needsPoll(this.#failures)) this.#askAgainAndAgain();
      await this.#pause(
        delayMs({ failures: this.#failures, code, polling: this.#pollAnswered }, Math.random),
      );
    }
    this.stop();
  }

  /** Nothing more will be told. */
  stop() {
    this.#over = true;
    this.#poll?.abort();
    this.#socket?.close();
    this.#calm();
    this.#hurry?.();
  }

  /** Look at once: the page is in sight again, or the network is back. */
  wake() {
    if (this.#over) return;
    this.#hurry?.();
    void this.look();
  }

  /** Ask how the login stands. */
  async look() {
    const answer = await call("GET", this.#api);
    if (this.#over) return;
    if (answer.ok) this.#page.changed(/** @type {Login} */ (answer.value));
    else this.#refused(answer.problem.status);
  }

  /** @returns {Promise<number>} How the socket closed. */
  #listen() {
    const { socket } = this.#page.login();
    return new Promise((resolve) => {
      if (!socket) {
        this.#failures += 1;
        resolve(Close.DONE);
        return;
      }
      let heard = false;
      const ws = new WebSocket(socket.url, [LOGIN_SUBPROTOCOL]);
      this.#socket = ws;
      const deadline = setTimeout(() => ws.close(), FIRST_WORD_WITHIN_MS);
      ws.addEventListener("open", () => ws.send(JSON.stringify({ type: "watch", ticket: socket.ticket })));
      ws.addEventListener("message", ({ data }) => {
        const message = readMessage(data);
        if (!message || this.#over) return;
        if (!heard) {
          heard = true;
          clearTimeout(deadline);
          this.#heard();
        }
        if (message.type === "state") this.#page.changed(message);
        else this.#page.resolved(message.status);
      });
      ws.addEventListener("close", ({ code }) => {
        clearTimeout(deadline);
        if (!heard) this.#failed();
        resolve(code);
      });
    });
  }

  #heard() {
    this.#failures = 0;
    this.#failuresSincePoll = 0;
    this.#pollAnswered = false;
    this.#poll?.abort();
    this.#poll = undefined;
    this.#calm();
    this.#page.linked("live");
  }

  #failed() {
    this.#failures += 1;
    if (!this.#pollAnswered) return;
    this.#failuresSincePoll += 1;
    if (isBlocked(this.#failuresSincePoll)) this.#page.linked("blocked");
  }

  async #askAgainAndAgain() {
    if (this.#poll || this.#over) return;
    const mine = new AbortController();
    this.#poll = mine;
    let misses = 0;
    while (!mine.signal.aborted) {
      // Without a wait as long as it is not known whether calls get through: the answer says so at once.
      const since = encodeURIComponent(this.#page.login().version);
      const wait = this.#pollAnswered ? `?wait=25&since=${since}` : "";
      const answer = await call("GET", this.#api + wait, { signal: mine.signal });
      if (mine.signal.aborted) return;
      if (answer.ok) {
        misses = 0;
        this.#calm();
        if (!this.#pollAnswered) this.#page.linked("live");
        this.#pollAnswered = true;
        this.#page.changed(/** @type {Login} */ (answer.value));
      } else {
        misses += 1;
        this.#pollAnswered = false;
        this.#fret();
        this.#refused(answer.problem.status);
        await sleep(delayMs({ failures: misses + 1, code: 0, polling: false }, Math.random));
      }
    }
  }

  /** @param {number} status */
  #refused(status) {
    if (status === 404 || status === 410) this.#page.lost();
  }

  /** Say that something is wrong, if it lasts. */
  #fret() {
    if (this.#trouble !== undefined || this.#pollAnswered || this.#over) return;
    this.#trouble = setTimeout(() => this.#page.linked("retrying"), SAY_AFTER_MS);
  }

  #calm() {
    clearTimeout(this.#trouble);
    this.#trouble = undefined;
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#hurry?.(), ms);
      this.#hurry = () => {
        clearTimeout(timer);
        this.#hurry = undefined;
        resolve(undefined);
      };
    });
  }
}

/** @param {Login} login */
function isFinal({ step }) {
  return step === "approved" || step === "done" || step === "failed";
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
