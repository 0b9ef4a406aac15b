// When to try the login socket again, and when a network is to be called blocked. Pure.

import { Close } from "../shared/protocol.js";

const FIRST_MS = 300;
const LONGEST_MS = 10_000;
const OVERLOADED_MS = 3_000;
const BLOCKED_MS = [1_500, 5_000, 15_000, 60_000];

/**
 * How long to wait before the next try, with jitter so that a restarted hub is not stormed.
 *
 * @param {object} so
 * @param {number} so.failures Tries in a row that heard nothing.
 * @param {number} so.code How the last one closed.
 * @param {boolean} so.polling Whether the long poll works meanwhile, so that there is no hurry.
 * @param {() => number} random 0 up to 1.
 * @returns {number} Milliseconds.
 */
export function delayMs({ failures, code, polling }, random) {
  const stretch = 0.5 + random();
  if (code === Close.TRY_LATER) return OVERLOADED_MS * stretch;
  if (polling) return (BLOCKED_MS[Math.max(0, failures - 2)] ?? 60_000) * stretch;
  return Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS) * stretch;
}

/**
 * Whether the long poll should run beside the tries: the socket has failed twice without a word.
 *
 * @param {number} failures
 */
export function needsPoll(failures) {
  return failures >= 2;
}

/**
 * Whether the network lets calls through but no socket. One more try must fail after a poll was
 * answered: a hub that restarts refuses both, and answers both again.
 *
 * @param {number} failuresSincePollAnswered
 */
export function isBlocked(failuresSincePollAnswered) {
  return failuresSincePollAnswered >= 1;
}
