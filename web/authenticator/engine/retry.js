// When to try the device socket again, and what each close code of it means. Pure.

import { Close } from "../../shared/protocol.js";

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const RESTART_SPREAD_MS = 5_000;
const OVERLOADED_MS = 4_000;
/** Ours to mend, or nothing that trying mends soon: no hurry. */
const HOPELESS_MS = 15_000;
const BLOCKED_MS = [10_000, 30_000, 60_000, 300_000];

/**
 * What a link does once its socket has closed: forget the account, leave it to another window, or try again.
 *
 * @param {number} code
 * @returns {"forget" | "yield" | "again"}
 */
export function meaningOf(code) {
  if (code === Close.DEVICE_REMOVED) return "forget";
  if (code === Close.CONNECTED_ELSEWHERE) return "yield";
  return "again";
}

/**
 * How long to wait before the next try, with jitter so that a restarted hub is not stormed.
 *
 * @param {number} failures Tries in a row that did not get as far as `ready`.
 * @param {number} code How the last one closed.
 * @param {() => number} random 0 up to 1.
 * @returns {number} Milliseconds.
 */
export function delayMs(failures, code, random) {
  if (code === Close.RESTARTING && failures === 0) return RESTART_SPREAD_MS * random();
  return Math.min(baseMs(failures, code), LONGEST_MS) * (0.5 + random() / 2);
}

/**
 * @param {number} failures
 * @param {number} code
 */
function baseMs(failures, code) {
  const growing = FIRST_MS * 2 ** Math.min(10, failures);
  switch (code) {
    case Close.TRY_LATER:
      return Math.max(OVERLOADED_MS, growing);
    case Close.TOO_MANY_FRAMES:
    case Close.TOO_BIG:
    case Close.MALFORMED:
    case Close.NOT_AUTHENTICATED:
      return Math.max(HOPELESS_MS, growing);
    default:
      return growing;
  }
}

/**
 * Whether calls are worth a try beside the socket: it has failed twice without a word.
 *
 * @param {number} failures
 */
export function needsExchange(failures) {
  return failures >= 2;
}

/**
 * How long to go on by calls before the socket is tried again.
 *
 * @param {number} failures Tries of the socket that failed since it last worked.
 * @param {() => number} random
 */
export function socketAgainMs(failures, random) {
  return (BLOCKED_MS[Math.max(0, failures - 2)] ?? 300_000) * (0.75 + random() / 2);
}
