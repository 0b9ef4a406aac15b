// The requests that wait for the person: verified, each once, put away when they end.

import { browserName, placeKind, placeName } from "./claims.js";
import { verify } from "./jws.js";

/**
 * @typedef {import("./claims.js").RequestClaims} RequestClaims
 * @typedef {import("./jws.js").Doubt} Doubt
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./store.js").KnownOrigin} KnownOrigin
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./types.js").HistoryEntry} HistoryEntry
 * @typedef {import("./types.js").Request} Request
 *
 * @typedef {object} Card A request, and the very text that was verified: what is seen is what is signed.
 * @property {Request} request
 * @property {string} jws
 * @property {KnownOrigin} origin
 */

const JWKS_EVERY_MS = 60_000;

/**
 * Verify a request; for a key that is not known, look once a minute whether the hub has published it.
 *
 * @param {Store} store
 * @param {AccountRecord} record
 * @param {{id: string, request: string}} asked
 * @param {number} now In ms, by this phone's clock.
 * @returns {Promise<{ok: true, card: Card} | {ok: false, why: Doubt}>}
 */
export async function read(store, record, { id, request: jws }, now) {
  const hubNow = now + record.clockAheadMs;
  let verdict = await verify(jws, id, record, hubNow);
  if (!verdict.ok && verdict.why === "unknown-key") {
    const jwks = await newKeys(store, record, now);
    if (jwks) verdict = await verify(jws, id, { ...record, jwks }, hubNow);
  }
  if (!verdict.ok) return verdict;
  const known = (await store.known())
    .filter(({ accountId }) => accountId === record.id)
    .sort((one, other) => one.since - other.since);
  return { ok: true, card: cardOf(jws, verdict.claims, record, known) };
}

/**
 * @param {string} jws
 * @param {RequestClaims} claims
 * @param {AccountRecord} record
 * @param {KnownOrigin[]} known What was approved for this account before.
 * @returns {Card}
 */
function cardOf(jws, { jti, kind, app, msg, match, ctx, exp }, { id: accountId, clockAheadMs }, known) {
  const origin = {
    accountId,
    place: [ctx.country, ctx.city].filter((part) => part !== undefined).join("/"),
    browser: browserName(ctx),
    since: ctx.at * 1000 - clockAheadMs,
    spot: spotOf(ctx),
  };
  const same = known.find(({ place, browser }) => place === origin.place && browser === origin.browser);
  const kindOfPlace = placeKind(ctx);
  return {
    jws,
    origin,
    request: {
      id: jti,
      accountId,
      kind,
      app,
      message: msg ?? null,
      needsMatch: match === "required",
      from: {
        ip: ctx.ip,
        location: ctx.location ?? null,
        city: ctx.city ?? null,
        country: ctx.country ?? null,
        lat: ctx.lat ?? null,
        lon: ctx.lon ?? null,
        browser: ctx.browser,
        os: ctx.os,
      },
      askedAt: ctx.at * 1000 - clockAheadMs,
      expiresAt: exp * 1000 - clockAheadMs,
      place: kindOfPlace === "place" ? familiarity(origin.place, known) : kindOfPlace,
      usualSpot: known.filter(({ spot }) => spot).at(-1)?.spot ?? null,
      browserKnownSince: same?.since ?? null,
    },
  };
}

/** @param {RequestClaims["ctx"]} ctx */
const spotOf = ({ lat, lon }) => (lat === undefined || lon === undefined ? null : { lat, lon });

/**
 * @param {string} place
 * @param {KnownOrigin[]} known
 * @returns {"usual" | "new" | "first"}
 */
function familiarity(place, known) {
  if (known.length === 0) return "first";
  return known.some((each) => each.place === place) ? "usual" : "new";
}

/**
 * @param {Store} store
 * @param {AccountRecord} record
 * @param {number} now
 * @returns {Promise<{keys: JsonWebKey[]} | null>}
 */
async function newKeys(store, record, now) {
  let isTime = false;
  await store.update(record.id, ({ keysAskedAt }) => {
    isTime = Math.abs(now - keysAskedAt) >= JWKS_EVERY_MS;
    return isTime ? { keysAskedAt: now } : {};
  });
  if (!isTime) return null;
  const jwks = await fetchKeys(record.issuer);
  if (jwks) await store.update(record.id, () => ({ jwks }));
  return jwks;
}

/**
 * @param {string} issuer
 * @returns {Promise<{keys: JsonWebKey[]} | null>}
 */
async function fetchKeys(issuer) {
  try {
    const response = await fetch(`${issuer}/.well-known/jwks.json`, { cache: "no-store", redirect: "error" });
    const jwks = response.ok ? await response.json() : null;
    return Array.isArray(jwks?.keys) ? jwks : null;
  } catch {
    return null;
  }
}

/**
 * @param {Request} request
 * @param {AccountRecord} record
 * @param {HistoryEntry["what"]} what
 * @param {number} at
 * @returns {HistoryEntry}
 */
export function entryOf({ id, app, from }, { id: accountId, tenant, email }, what, at) {
  return {
    id,
    accountId,
    tenantName: tenant.name,
    email,
    at,
    what,
    app,
    place: placeName(from) || (from.location ?? ""),
    browser: browserName(from),
  };
}

/**
 * How an ending that was not decided here stands in the history.
 *
 * @param {import("../../shared/protocol.js").Outcome} status
 * @returns {HistoryEntry["what"]}
 */
export function elsewhere(status) {
  return status === "expired" || status === "cancelled" ? status : "answered-elsewhere";
}
