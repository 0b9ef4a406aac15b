// What the screens see of the engine.

/**
 * @typedef {"connecting" | "live" | "exchange" | "offline" | "elsewhere"} LinkState
 *   exchange: the socket is blocked, asks by calls instead; offline: trying again; elsewhere: another window has it.
 * @typedef {"on" | "off" | "blocked" | "unsupported" | "lost"} PushState
 *   lost: the push service dropped it, or the hub did not take it.
 *
 * @typedef {object} Account
 * @property {string} id Device id.
 * @property {string} userId
 * @property {import("../../shared/protocol.js").Tenant} tenant
 * @property {string} email
 * @property {string} deviceName
 * @property {{pin: boolean, webauthn: boolean}} uv
 * @property {LinkState} link
 * @property {number | null} lastLiveAt In ms.
 * @property {number | null} retryAt In ms, while offline.
 * @property {PushState} push
 * @property {number} enrolledAt
 *
 * @typedef {object} From
 * @property {string} ip
 * @property {string | null} location In words, also where there is no place.
 * @property {string | null} city
 * @property {string | null} country
 * @property {number | null} lat
 * @property {number | null} lon
 * @property {string} browser
 * @property {string} os
 *
 * @typedef {object} Request Made of verified claims alone.
 * @property {string} id
 * @property {string} accountId
 * @property {"login" | "approval" | "test"} kind
 * @property {string} app
 * @property {string | null} message Binding message.
 * @property {boolean} needsMatch
 * @property {From} from
 * @property {number} askedAt In ms, by this phone's clock.
 * @property {number} expiresAt In ms, by this phone's clock.
 * @property {"usual" | "new" | "first" | "own-network" | "unknown"} place By what this phone has approved for that
 *   account; first: it has approved nothing yet, so neither is claimed.
 * @property {{lat: number, lon: number} | null} usualSpot Where it approved something last, to draw how far this is.
 * @property {number | null} browserKnownSince First approval on this phone from the same browser and place.
 *
 * @typedef {object} HistoryEntry Kept 30 days on this phone.
 * @property {string} id
 * @property {string} accountId
 * @property {string} tenantName
 * @property {string} email
 * @property {number} at
 * @property {"approved" | "denied" | "reported" | "expired" | "cancelled" | "answered-elsewhere" | "added"
 *   | "removed"} what
 * @property {string} app
 * @property {string} place In words, e.g. "Vienna".
 * @property {string} browser In words, e.g. "Firefox on Windows".
 *
 * @typedef {object} Preview
 * @property {string} tenant
 * @property {string} email
 * @property {number} expiresAt In ms, by this phone's clock.
 * @property {string} issuerHost
 * @property {string} code
 * @property {{pin: boolean, webauthn: boolean}} uv What both the hub takes and this phone has.
 * @property {{min: number, max: number}} pinLength
 *
 * @typedef {{ok: false, code: string, triesLeft?: number, retryAfterS?: number, status?: string, reason?: string,
 *   field?: string, address?: string}} Failure
 */

export {};
