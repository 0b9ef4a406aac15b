// When the login socket is tried again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { delayMs, isBlocked, needsPoll } from "../../../web/login/retry.js";
import { Close } from "../../../web/shared/protocol.js";

const RESTARTING = 1012;
const SHORTEST = () => 0;
const LONGEST = () => 1;

test("the first try comes at once, later ones ever later, none later than 15 s", () => {
  const delays = [0, 1, 2, 3, 6, 50].map((failures) => {
    return delayMs({ failures, code: RESTARTING, polling: false }, LONGEST);
  });

  assert.ok(delays[0] <= 450);
  assert.deepEqual(delays, [...delays].sort((one, other) => one - other));
  assert.equal(delays.at(-1), 15_000);
});

test("chance spreads the browsers of a restarted hub", () => {
  const so = { failures: 4, code: RESTARTING, polling: false };

  assert.equal(delayMs(so, LONGEST) / delayMs(so, SHORTEST), 3);
});

test("a hub that has too much to do is left alone for a while", () => {
  assert.ok(delayMs({ failures: 0, code: Close.TRY_LATER, polling: false }, SHORTEST) >= 1_500);
});

test("where the poll works the socket is tried now and then", () => {
  const delays = [2, 3, 4, 5, 9].map((failures) => delayMs({ failures, code: 1006, polling: true }, LONGEST));

  assert.deepEqual(delays, [2_250, 7_500, 22_500, 90_000, 90_000]);
});

test("two silent tries call for the poll, one more beside it for the word blocked", () => {
  assert.ok(!needsPoll(1) && needsPoll(2));
  assert.ok(!isBlocked(0) && isBlocked(1));
});
