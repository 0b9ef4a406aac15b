// Where a request comes from: the place on a drawn map, the browser, the address, the time.

import { fill, words } from "../words.js";
import { placeOf } from "./accounts.js";
import { facts } from "./frame.js";
import { h, icon } from "./h.js";
import { kilometres, map } from "./map.js";
import { agoWords, clockWithSeconds, dateOf } from "./moments.js";

/**
 * @typedef {import("../engine/types.js").Request} Request
 * @typedef {import("./map.js").Spot} Spot
 */

/** Below this two places are one city on the map. */
const FAR_KM = 30;

/**
 * @param {Request} request
 * @param {import("../engine/types.js").Account} account
 * @returns {{element: HTMLElement, tick: (now: number) => void}}
 */
export function originOf(request, account) {
  const { from, place } = request;
  const ago = h("dd");
  const spot = from.lat !== null && from.lon !== null ? { lat: from.lat, lon: from.lon } : null;
  const isPlace = place === "usual" || place === "new" || place === "first";
  const isNew = place === "new";
  const usual = isNew && spot ? far(request.usualSpot, spot) : null;
  const element = h(
    "section",
    { class: "card", "aria-label": words.request.from },
    isPlace && spot
      ? h("div", { class: "map", "data-state": isNew ? "wait" : null }, map(spot, { isNew, usual }))
      : null,
    h(
      "div",
      { class: "stack-s pad-s" },
      h(
        "p",
        { class: "line-up ends" },
        h("strong", { class: "h2" }, isPlace ? placeOf(request) : titleWithout(place)),
        " ",
        tagOf(place),
      ),
      usual && spot
        ? h("p", { class: "hint" }, fill(words.request.distance, { km: roundly(kilometres(usual, spot)) }))
        : null,
      isPlace ? null : h("p", { class: "hint" }, whyWithout(place, account)),
      facts([
        [words.request.browser, browserOf(request)],
        [words.request.address, from.ip],
      ]),
    ),
  );
  element.querySelector("dl")?.append(h("dt", {}, words.request.asked), ago);
  return {
    element,
    tick(now) {
      ago.textContent = fill(words.request.askedAgo, {
        time: clockWithSeconds(request.askedAt),
        ago: agoWords(now - request.askedAt),
      });
    },
  };
}

/** @param {Request} request */
function browserOf({ from, browserKnownSince }) {
  const browser = fill(words.request.on, { browser: from.browser, os: from.os });
  return browserKnownSince
    ? fill(words.request.knownSince, { browser, day: dateOf(browserKnownSince, Date.now()) })
    : browser;
}

/** @param {Request["place"]} place */
function tagOf(place) {
  if (place === "usual")
    return h("span", { class: "tag", "data-state": "ok" }, icon("check"), words.request.usual);
  if (place === "new")
    return h("span", { class: "tag", "data-state": "wait" }, icon("alert"), words.request.new);
  return null;
}

/** @param {Request["place"]} place */
const titleWithout = (place) => (place === "own-network" ? words.request.ownNetwork : words.request.unknown);

/**
 * @param {Request["place"]} place
 * @param {import("../engine/types.js").Account} account
 */
const whyWithout = (place, { tenant }) =>
  place === "own-network"
    ? fill(words.request.ownNetworkHow, { tenant: tenant.name })
    : words.request.unknownHow;

/**
 * @param {Spot | null | undefined} usual
 * @param {Spot} spot
 */
const far = (usual, spot) => (usual && kilometres(usual, spot) > FAR_KM ? usual : null);

/** @param {number} km */
const roundly = (km) =>
  (km < 100 ? Math.round(km / 10) * 10 : Math.round(km / 50) * 50).toLocaleString("en-GB");
