// The hub's contract as a browser needs it: the messages of the login's and the phone's socket, close codes.

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

/**
 * @typedef {{slug: string, name: string}} Tenant
 * @typedef {{type: "challenge", id: string, request: string}} Asked
 * @typedef {"malformed" | "unknown_type" | "bad_decision" | "wrong_pin" | "device_locked" | "uv_required"
 *   | "not_found" | "rate_limited" | "bad_subscription"} DeviceErrorCode
 * @typedef {object} Ready
 * @property {"ready"} type
 * @property {{id: string, name: string}} device
 * @property {{user_id: string, tenant: Tenant, email: string}} account
 * @property {number} heartbeat_s
 * @property {Asked[]} pending
 * @property {boolean} push_subscribed
 * @property {string} [vapid_public_key]
 * @typedef {{type: "hello", nonce: string, issuer: string, server_time: string}} Hello
 * @typedef {{type: "decided", id: string, status: Outcome, reason?: "wrong_match"}} Decided
 * @typedef {{type: "error", code: DeviceErrorCode, detail: string, id?: string, tries_left?: number}} Refusal
 * @typedef {Hello | Ready | Asked | Decided | Refusal
 *   | {type: "resolved", id: string, status: Outcome}
 *   | {type: "reported", id: string}
 *   | {type: "push", subscribed: boolean}
 *   | {type: "test_asked", id: string}
 *   | {type: "renamed", device: {id: string, name: string}}
 *   | {type: "left"}
 *   | {type: "credential_added"}} HubMessage What the hub says to a phone.
 *
 * @typedef {"mistake" | "unexpected" | "fraud"} Reason
 * @typedef {{type: "ack", id: string}
 *   | {type: "decide", decision: string, pin?: string, assertion?: object}
 *   | {type: "report", id: string, reason: Reason}
 *   | {type: "subscribe_push", subscription: object}
 *   | {type: "unsubscribe_push"}
 *   | {type: "test", delay_s?: number}
 *   | {type: "rename", name: string}
 *   | {type: "leave"}
 *   | {type: "add_credential", proof: string, attestation: object, pin: string}} PhoneMessage
 */

export const LOGIN_SUBPROTOCOL = "lumo.login.v1.json";
export const DEVICE_SUBPROTOCOL = "lumo.device.v1.json";

export const Close = Object.freeze({
  DONE: 1000,
  GOING_AWAY: 1001,
  TOO_BIG: 1009,
  RESTARTING: 1012,
  TRY_LATER: 1013,
  MALFORMED: 4400,
  NOT_AUTHENTICATED: 4401,
  DEVICE_REMOVED: 4403,
  AUTHENTICATION_TIMEOUT: 4408,
  CONNECTED_ELSEWHERE: 4409,
  TOO_MANY_FRAMES: 4429,
});

/** `ctx.location` of a request where there is no place to show: the hub's own words for why. */
export const OWN_NETWORK = "Your own network";

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
 * The hub's message to a phone in a frame, or null for what is none.
 *
 * @param {unknown} frame
 * @returns {HubMessage | null}
 */
export function readHubMessage(frame) {
  if (typeof frame !== "string") return null;
  try {
    const message = JSON.parse(frame);
    return typeof message?.type === "string" ? message : null;
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
