// What a person does with a request: approve, deny, say why it was denied.

import { decision } from "./keys.js";
import { assert } from "./passkeys.js";

/**
 * @typedef {import("./deck.js").Deck} Deck
 * @typedef {import("./engine.js").World} World
 * @typedef {import("./home.js").Home} Home
 * @typedef {import("./requests.js").Card} Card
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./types.js").Failure} Failure
 * @typedef {import("../../shared/protocol.js").Reason} Reason
 *
 * @typedef {{ok: true, status: "approved" | "denied"} | Failure} Answered
 */

/**
 * Approve with a PIN, or else with the phone's own sensor.
 *
 * @param {World} world
 * @param {Deck} deck
 * @param {Home} home
 * @param {Card} card
 * @param {{match?: string, pin?: string}} given
 * @returns {Promise<Answered>}
 */
export async function approve(world, deck, home, card, { match, pin }) {
  const { id, kind, needsMatch } = card.request;
  const digits = needsMatch ? match : undefined;
  const token = await decision(home.record, { id, jws: card.jws }, "approve", home.hubNow(), digits);
  const touch = pin === undefined ? await touched(home, token) : null;
  if (touch && !touch.ok)
    return { ok: false, code: touch.code === "cancelled" ? "uv_cancelled" : "uv_required" };
  const uv = touch ? { assertion: touch.response } : { pin };
  const answer = await decide(deck, home, id, token, "approved", uv);
  if (answer.ok && kind !== "test") await world.store.know({ ...card.origin, since: world.now() });
  return answer;
}

/**
 * @param {Deck} deck
 * @param {Home} home
 * @param {Card} card
 * @returns {Promise<Answered>}
 */
export async function deny(deck, home, { jws, request: { id } }) {
  const token = await decision(home.record, { id, jws }, "deny", home.hubNow());
  return decide(deck, home, id, token, "denied", {});
}

/**
 * @param {Deck} deck
 * @param {Home} home
 * @param {string} id
 * @param {string} token Said again, after a lost connection, as the very same: it counts once.
 * @param {"approved" | "denied"} wanted
 * @param {{pin?: string, assertion?: object}} uv
 * @returns {Promise<Answered>}
 */
async function decide(deck, home, id, token, wanted, uv) {
  const reply = await home.link.ask({ type: "decide", decision: token, ...uv }, { about: id });
  if (reply.type === "decided") {
    const isOurs = reply.status === wanted || reply.reason === "wrong_match";
    await deck.end(id, reply.status, isOurs ? "here" : "elsewhere");
    if (reply.status === wanted) return { ok: true, status: wanted };
    return {
      ok: false,
      code: "over",
      status: reply.status,
      ...(reply.reason ? { reason: reply.reason } : {}),
    };
  }
  if (reply.type !== "error") return { ok: false, code: "offline" };
  const { code, tries_left: triesLeft } = reply;
  return { ok: false, code, ...(triesLeft === undefined ? {} : { triesLeft }) };
}

/**
 * @param {Home} home
 * @param {string} token
 * @returns {ReturnType<typeof assert>}
 */
async function touched({ record: { credentialId } }, token) {
  return credentialId ? assert(credentialId, token) : { ok: false, code: "unavailable" };
}

/**
 * Say why it was denied.
 *
 * @param {World} world
 * @param {Home} home
 * @param {string} id
 * @param {Reason} reason
 * @returns {Promise<{ok: true} | Failure>}
 */
export async function report(world, home, id, reason) {
  const reply = await home.link.ask({ type: "report", id, reason }, { about: id });
  if (reply.type === "reported") {
    const noted = await world.store.noted(home.record.id, id);
    if (noted && reason !== "mistake") await world.store.note({ ...noted, what: "reported" }, { over: true });
    return { ok: true };
  }
  return { ok: false, code: reply.type === "error" ? reply.code : "offline" };
}
