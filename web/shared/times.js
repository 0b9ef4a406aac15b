// Times on the page: the hub's clock, what is left of a wait, and moments in the browser's own zone.

/** The hub's clock as this page knows it: its own may be wrong by hours. */
export class HubClock {
  #aheadMs;

  /**
   * @param {string} serverTime RFC 3339, when the page was made.
   * @param {number} [arrivedAt] When the page arrived, by its own clock, in ms.
   */
  constructor(serverTime, arrivedAt = pageArrivedAt()) {
    const at = Date.parse(serverTime);
    // Times on the wire are cut to whole seconds: on average half a second is missing.
    this.#aheadMs = Number.isNaN(at) ? 0 : at + 500 - arrivedAt;
  }

  /** @returns {number} Milliseconds since 1970 by the hub's clock. */
  now() {
    return Date.now() + this.#aheadMs;
  }
}

/** Before the script ran: how long that took to load has to count as well. */
function pageArrivedAt() {
  const [navigation] = performance.getEntriesByType("navigation");
  const after = navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : 0;
  return performance.timeOrigin + after;
}

/**
 * Whole seconds until *at*, 0 where it is past or not given.
 *
 * @param {string | undefined} at RFC 3339.
 * @param {number} now In ms.
 */
export function secondsUntil(at, now) {
  const then = Date.parse(at ?? "");
  return Number.isNaN(then) ? 0 : Math.max(0, Math.ceil((then - now) / 1000));
}

/** @param {number} seconds */
export function clockWords(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * How long something is good for: minutes and seconds, from an hour on hours and minutes.
 *
 * @param {number} seconds
 */
export function lifeWords(seconds) {
  if (seconds < 3600) return clockWords(seconds);
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** @param {number} seconds */
export function waitWords(seconds) {
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/**
 * What a person in this zone calls a moment.
 *
 * @param {Date} at
 * @param {string} kind "day", "clock" or "moment".
 * @param {Date} now
 */
export function momentWords(at, kind, now) {
  const clock = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (kind === "clock") return clock;
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  if (kind === "day") return day;
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (at.toDateString() === now.toDateString()) return `today, ${clock}`;
  if (at.toDateString() === yesterday.toDateString()) return `yesterday, ${clock}`;
  return day;
}

/**
 * Say every <time> in *root* in the browser's own zone.
 *
 * @param {ParentNode} root
 */
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-time]")) {
    if (!(time instanceof HTMLTimeElement)) continue;
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const words = momentWords(at, time.dataset.time ?? "", new Date());
    if (time.textContent !== words) time.textContent = words;
  }
}
