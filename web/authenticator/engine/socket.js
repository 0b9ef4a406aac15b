// One connection of the device socket: hello, proof, ready, then messages both ways, until it closes.

import { Close, DEVICE_SUBPROTOCOL, readHubMessage } from "../../shared/protocol.js";

/**
 * @typedef {import("../../shared/protocol.js").HubMessage} HubMessage
 * @typedef {import("../../shared/protocol.js").PhoneMessage} PhoneMessage
 *
 * @typedef {object} Party Whom the socket speaks for.
 * @property {string} url
 * @property {string} deviceId
 * @property {string} issuer Pinned: nothing is proven to another.
 * @property {(nonce: string, serverTime: string) => Promise<string>} prove
 * @property {(message: HubMessage) => void} heard Everything from `ready` on.
 * @property {() => number} now
 */

/** The hub greets and lets in at once; a connection that has not got there by then is none. */
const READY_WITHIN_MS = 10_000;

export class DeviceSocket {
  #party;
  #ws;
  #isOver = false;
  /** @type {(end: {code: number, wasReady: boolean}) => void} */
  #tell = () => {};
  /** @type {ReturnType<typeof setTimeout>} */
  #deadline;
  /** The nonce of `hello`, which further proofs on this connection are over. */
  nonce = "";
  isReady = false;
  heardAt = 0;
  /** @type {Promise<{code: number, wasReady: boolean}>} How it ended. */
  closed;

  /**
   * @param {Party} party
   * @param {typeof WebSocket} Socket
   */
  constructor(party, Socket) {
    this.#party = party;
    this.closed = new Promise((resolve) => {
      this.#tell = resolve;
    });
    this.#ws = new Socket(party.url, [DEVICE_SUBPROTOCOL]);
    this.#deadline = setTimeout(() => this.close(Close.AUTHENTICATION_TIMEOUT), READY_WITHIN_MS);
    this.#ws.addEventListener("message", ({ data }) => this.#hear(data));
    this.#ws.addEventListener("close", ({ code }) => this.#end(code));
  }

  /** @param {PhoneMessage} message */
  send(message) {
    this.#ws.send(JSON.stringify(message));
  }

  /**
   * End it, and say so at once: a connection that has died in a pocket takes many seconds to close.
   *
   * @param {number} [code] What it counts as.
   */
  close(code = Close.DONE) {
    this.#end(code);
    this.#ws.close();
  }

  /** @param {number} code */
  #end(code) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    const wasReady = this.isReady;
    this.isReady = false;
    this.#tell({ code, wasReady });
  }

  /** @param {unknown} data */
  #hear(data) {
    const message = readHubMessage(data);
    if (!message || this.#isOver) return;
    this.heardAt = this.#party.now();
    if (message.type === "hello") {
      void this.#answer(message);
      return;
    }
    if (message.type === "ready") {
      clearTimeout(this.#deadline);
      this.isReady = true;
    }
    if (this.isReady) this.#party.heard(message);
  }

  /** @param {Extract<HubMessage, {type: "hello"}>} hello */
  async #answer({ nonce, issuer, server_time }) {
    if (issuer !== this.#party.issuer) return this.close(Close.NOT_AUTHENTICATED);
    this.nonce = nonce;
    const proof = await this.#party.prove(nonce, server_time);
    if (this.#isOver) return;
    this.#ws.send(JSON.stringify({ type: "authenticate", device_id: this.#party.deviceId, proof }));
  }
}
