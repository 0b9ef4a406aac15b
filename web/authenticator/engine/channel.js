// What windows and worker of the app tell each other.

/**
 * @typedef {import("../../shared/protocol.js").Outcome} Outcome
 * @typedef {{type: "accounts"}
 *   | {type: "over", id: string, status: Outcome}
 *   | {type: "look"}
 *   | {type: "show", id: string}} Word accounts: the store has changed; look: something waits at the hub.
 */

export const CHANNEL = "lumoauth-authenticator";

/**
 * Say something to every window.
 *
 * @param {Word} word
 */
export function tell(word) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(word);
  channel.close();
}
