// The hub's contract as a browser needs it: the login's answer, the login socket's messages, its close codes.

/**
 * @typedef {"push" | "password" | "code" | "enroll" | "approved" | "done" | "failed"} Step
 * @typedef {"approved" | "denied" | "expired" | "cancelled"} Outcome
 * @typedef {object} Challenge
 * @property {string} id
 * @property {"pending" | Outcome} status
 * @property {{digits: string}} [match] Six digits, only while it is pending and where they are asked for.
 * @property {string} expires_at RFC 3339.
 * @property {"sending" | "shown" | "unreachable"} delivery
 * @property {"wrong_match"} [reason]
 * @typedef {object} State What the socket tells of a login.
 * @property {Step} step
 * @property {Challenge} [challenge]
 * @property {string[]} methods
 * @property {string} [push_after] When a (fresh) push will be taken; absent where none will be.
 * @property {string} version
 * @typedef {State & {login_id: string, socket?: {url: string, ticket: string}}} Login
 * @typedef {{type: "state"} & State | {type: "resolved", status: Outcome}} Message
 */

export const LOGIN_SUBPROTOCOL = "lumo.login.v1.json";

export const Close = Object.freeze({
  DONE: 1000,
  TRY_LATER: 1013,
  NOT_AUTHENTICATED: 4401,
});

/**
 * The socket's message in a frame, or null for one that this page does not know.
 *
 * @param {unknown} frame
 * @returns {Message | null}
 */
export function readMessage(frame) {
  if (typeof frame !== "string") return null;
  try {
    const message = JSON.parse(frame);
    return message?.type === "state" || message?.type === "resolved" ? message : null;
  } catch {
    return null;
  }
}

/**
 * A login with its newest state in place of the old: what a state leaves out no longer holds.
 *
 * @param {Login} login
 * @param {State} state
 * @returns {Login}
 */
export function withState(login, state) {
  const { step, challenge, methods, push_after, version } = state;
  return {
    login_id: login.login_id,
    socket: login.socket,
    step,
    challenge,
    methods,
    push_after,
    version,
  };
}
