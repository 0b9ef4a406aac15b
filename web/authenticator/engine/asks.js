// What was said to the hub and not yet answered: finds the reply to each, says again what a lost connection swallowed.

/**
 * @typedef {import("../../shared/protocol.js").HubMessage} HubMessage
 * @typedef {import("../../shared/protocol.js").PhoneMessage} PhoneMessage
 * @typedef {HubMessage | {type: "offline"}} Reply offline: no answer came in time; it is not said again.
 *
 * @typedef {object} Ask
 * @property {PhoneMessage} message
 * @property {string | undefined} about The challenge that it is about.
 * @property {string | undefined} nonce The connection's nonce that it carries a proof over.
 * @property {boolean} said
 * @property {(reply: Reply) => void} end
 */

/** What answers each message; `ack` is answered by nothing. */
const ANSWERS = Object.freeze({
  ack: [],
  decide: ["decided"],
  report: ["reported"],
  subscribe_push: ["push"],
  unsubscribe_push: ["push"],
  test: ["test_asked"],
  rename: ["renamed"],
  leave: ["left"],
  add_credential: ["credential_added"],
});

export class Asks {
  /** @type {Ask[]} */
  #open = [];

  /**
   * @param {PhoneMessage} message
   * @param {{about?: string, nonce?: string, withinMs: number}} how
   * @returns {Promise<Reply>}
   */
  add(message, { about, nonce, withinMs }) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => ask.end({ type: "offline" }), withinMs);
      /** @type {Ask} */
      const ask = {
        message,
        about,
        nonce,
        said: false,
        end: (reply) => {
          clearTimeout(timer);
          this.#open = this.#open.filter((each) => each !== ask);
          resolve(reply);
        },
      };
      this.#open.push(ask);
    });
  }

  get isEmpty() {
    return this.#open.length === 0;
  }

  /** Those not said on this connection; they count as said from now on. */
  unsaid() {
    const unsaid = this.#open.filter((ask) => !ask.said);
    for (const ask of unsaid) ask.said = true;
    return unsaid;
  }

  /** The connection is gone: what has no answer is said again on the next one, where saying it twice does no harm. */
  lost() {
    for (const ask of [...this.#open]) {
      if (ask.nonce !== undefined || (ask.said && ask.message.type === "test")) ask.end({ type: "offline" });
      ask.said = false;
    }
  }

  /** Nothing will be answered any more. */
  drop() {
    for (const ask of [...this.#open]) ask.end({ type: "offline" });
  }

  /**
   * Give *message* to whoever waits for it. The hub answers in the order it was asked.
   *
   * @param {HubMessage} message
   * @returns {boolean} Whether somebody did.
   */
  answer(message) {
    const ask = this.#open.find((each) => each.said && fits(each, message));
    ask?.end(message);
    return ask !== undefined;
  }
}

/**
 * @param {Ask} ask
 * @param {HubMessage} message
 */
function fits({ message: said, about }, message) {
  if (message.type === "error") return message.id === undefined || message.id === about;
  if (!ANSWERS[said.type].includes(/** @type {never} */ (message.type))) return false;
  return !("id" in message) || about === undefined || message.id === about;
}
