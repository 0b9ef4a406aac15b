// Moments and spans in words.

import { waitWords } from "../../shared/times.js";
import { fill, words } from "../words.js";

const LOCALE = "en-GB";

/** @param {number} at In ms. */
export const clockOf = (at) =>
  new Date(at).toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit" });

/** @param {number} at In ms. */
export const clockWithSeconds = (at) => new Date(at).toLocaleTimeString(LOCALE);

/**
 * "Today", "Yesterday", "3 March"; with the year where it is another one.
 *
 * @param {number} at
 * @param {number} now
 */
export function dayOf(at, now) {
  const day = new Date(at);
  const today = new Date(now);
  const yesterday = new Date(now);
  yesterday.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return words.today;
  if (day.toDateString() === yesterday.toDateString()) return words.yesterday;
  return dateOf(at, now);
}

/**
 * @param {number} at
 * @param {number} now
 */
export function dateOf(at, now) {
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
  return new Date(at).toLocaleDateString(
    LOCALE,
    /** @type {Intl.DateTimeFormatOptions} */ ({ day: "numeric", month: "long", ...year }),
  );
}

/**
 * How long ago: "18 s", "a minute", "4 min".
 *
 * @param {number} ms
 */
export function agoWords(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return fill(words.seconds, { n: seconds });
  const minutes = Math.floor(seconds / 60);
  return minutes < 2 ? words.aMinute : fill(words.minutes, { n: minutes });
}

/** @param {number | undefined} seconds */
export const waitFor = (seconds) => waitWords(seconds ?? 60);
