// A drawn graticule with a pin: nothing is fetched from anybody who could see where people sign in.

import { s } from "./h.js";

/**
 * @typedef {{lat: number, lon: number}} Spot
 * @typedef {[number, number]} Point
 */

const WIDTH = 350;
const HEIGHT = 100;
const RADIANS = Math.PI / 180;
const EARTH_KM = 6371;
/** Of a single place, how many degrees fit across: a country and its neighbours. */
const CLOSE_SPAN = 46;

/**
 * How far apart two places are (haversine).
 *
 * @param {Spot} one
 * @param {Spot} other
 */
export function kilometres(one, other) {
  const lat = ((other.lat - one.lat) * RADIANS) / 2;
  const lon = ((other.lon - one.lon) * RADIANS) / 2;
  const part =
    Math.sin(lat) ** 2 + Math.cos(one.lat * RADIANS) * Math.cos(other.lat * RADIANS) * Math.sin(lon) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(part)));
}

/**
 * @param {Spot} spot Where the request comes from.
 * @param {{isNew: boolean, usual?: Spot | null}} how usual: the place to draw the distance to.
 */
export function map(spot, { isNew, usual = null }) {
  const middle = usual ? between(spot, usual) : spot;
  const ends = (usual ? [spot, usual] : [spot]).map((each) => onPlane(each, middle));
  const reach = Math.max(
    ...ends.map(([x]) => Math.abs(x) / 0.36),
    ...ends.map(([, y]) => Math.abs(y) / 0.07),
  );
  const scale = WIDTH / Math.max(CLOSE_SPAN * RADIANS, reach);
  /** @param {Spot} each @returns {Point} */
  const at = (each) => {
    const [x, y] = onPlane(each, middle);
    return [WIDTH / 2 + x * scale, HEIGHT / 2 - y * scale];
  };
  const [x, y] = at(spot);
  return s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" },
    s(
      "g",
      { class: "grat" },
      lines(middle, WIDTH / scale / RADIANS, at).map((d) => s("path", { d })),
    ),
    usual ? journey(at(usual), [x, y]) : null,
    s("circle", { class: "area", cx: x, cy: y, r: isNew ? 22 : 28 }),
    s("circle", { class: "pin", cx: x, cy: y, r: 8 }),
  );
}

/**
 * Azimuthal equidistant around *middle*: distances from it are true, whatever the latitude.
 *
 * @param {Spot} spot
 * @param {Spot} middle
 * @returns {Point} In radians, east and north.
 */
function onPlane(spot, middle) {
  const [lat, lat0] = [spot.lat * RADIANS, middle.lat * RADIANS];
  const turn = (spot.lon - middle.lon) * RADIANS;
  const cosine = Math.sin(lat0) * Math.sin(lat) + Math.cos(lat0) * Math.cos(lat) * Math.cos(turn);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const stretch = angle < 1e-9 ? 1 : angle / Math.sin(angle);
  return [
    stretch * Math.cos(lat) * Math.sin(turn),
    stretch * (Math.cos(lat0) * Math.sin(lat) - Math.sin(lat0) * Math.cos(lat) * Math.cos(turn)),
  ];
}

/**
 * @param {Spot} one
 * @param {Spot} other
 * @returns {Spot}
 */
function between(one, other) {
  const turn = ((other.lon - one.lon + 540) % 360) - 180;
  return { lat: (one.lat + other.lat) / 2, lon: one.lon + turn / 2 };
}

/**
 * @param {Spot} middle
 * @param {number} span Degrees across the picture.
 * @param {(spot: Spot) => Point} at
 */
function lines(middle, span, at) {
  const step = span > 120 ? 30 : span > 60 ? 15 : 7.5;
  const wide = Math.min(180, (span * 0.75) / Math.max(0.25, Math.cos(middle.lat * RADIANS)));
  const high = span * 0.35;
  const west = Math.ceil((middle.lon - wide) / step);
  const east = Math.floor((middle.lon + wide) / step);
  const south = Math.max(-89, middle.lat - high);
  const north = Math.min(89, middle.lat + high);
  const meridians = Array.from({ length: east - west + 1 }, (_, n) => (west + n) * step).map((lon) =>
    path(17, (part) => at({ lat: south + (north - south) * part, lon })),
  );
  const first = Math.ceil(south / step);
  const parallels = Array.from(
    { length: Math.floor(north / step) - first + 1 },
    (_, n) => (first + n) * step,
  );
  return [
    ...meridians,
    ...parallels.map((lat) => path(61, (part) => at({ lat, lon: middle.lon - wide + 2 * wide * part }))),
  ];
}

/**
 * @param {number} points
 * @param {(part: number) => Point} at
 */
function path(points, at) {
  const all = Array.from({ length: points }, (_, n) => at(n / (points - 1)));
  return all.map(([x, y], n) => `${n === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/**
 * @param {Point} from
 * @param {Point} to
 */
function journey([x0, y0], [x1, y1]) {
  const top = Math.min(y0, y1) - 18;
  return s(
    "g",
    { class: "journey" },
    s("path", { d: `M${x0} ${y0}Q${(x0 + x1) / 2} ${top} ${x1} ${y1}` }),
    s("circle", { cx: x0, cy: y0, r: 5 }),
  );
}
