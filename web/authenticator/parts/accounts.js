// Finding whose request it is, and how the lines to the hub stand together.

/**
 * @typedef {import("../engine/engine.js").Engine} Engine
 * @typedef {import("../engine/types.js").Account} Account
 * @typedef {import("../engine/types.js").LinkState} LinkState
 */

/** The first that one of the accounts is in says how they stand together. */
const WORST_FIRST = /** @type {const} */ (["offline", "elsewhere", "connecting", "exchange", "live"]);

/** @type {Record<LinkState, "ok" | "wait" | null>} */
export const STATE_OF_LINK = {
  live: "ok",
  exchange: "ok",
  connecting: null,
  offline: "wait",
  elsewhere: "wait",
};

/**
 * @param {Engine} engine
 * @param {{accountId: string}} owned
 * @returns {Account | undefined}
 */
export const accountOf = ({ accounts }, { accountId }) => accounts.find(({ id }) => id === accountId);

/**
 * @param {Account[]} accounts
 * @returns {LinkState | null} null where there is no account.
 */
export function linkOf(accounts) {
  return WORST_FIRST.find((state) => accounts.some(({ link }) => link === state)) ?? null;
}

/**
 * Where a request comes from, in words.
 *
 * @param {import("../engine/types.js").Request} request
 */
export function placeOf({ from }) {
  return [from.city, from.country].filter(Boolean).join(", ") || from.location || "";
}
