// Times in words, and messages off the wire.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage, withState } from "../../../web/shared/protocol.js";
import { clockWords, HubClock, lifeWords, momentWords, secondsUntil, waitWords } from "../../../web/shared/times.js";

test("what is left is whole seconds, and never less than none", () => {
  const now = Date.parse("2026-11-24T03:00:00.400Z");

  assert.equal(secondsUntil("2026-11-24T03:00:12Z", now), 12);
  assert.equal(secondsUntil("2026-11-24T02:00:00Z", now), 0);
  assert.equal(secondsUntil(undefined, now), 0);
});

test("times are short words", () => {
  assert.deepEqual([clockWords(72), clockWords(5), clockWords(600)], ["1:12", "0:05", "10:00"]);
  assert.deepEqual([lifeWords(581), lifeWords(86_399)], ["9:41", "23 h 59 min"]);
  assert.deepEqual([waitWords(59), waitWords(100), waitWords(121)], ["59 s", "2 min", "3 min"]);
});

test("a moment is told as a person tells it", () => {
  const now = new Date(2026, 10, 24, 15, 0);

  assert.equal(momentWords(new Date(2026, 10, 24, 9, 5), "moment", now), "today, 09:05");
  assert.equal(momentWords(new Date(2026, 10, 23, 9, 5), "moment", now), "yesterday, 09:05");
  assert.equal(momentWords(new Date(2026, 2, 3, 9, 5), "moment", now), "3 March 2026");
  assert.equal(momentWords(new Date(2026, 2, 3, 9, 5), "day", now), "3 March 2026");
});

test("a clock that is wrong by hours does not matter", () => {
  const clock = new HubClock("2026-11-24T03:00:00Z", Date.now());

  assert.ok(Math.abs(clock.now() - Date.parse("2026-11-24T03:00:00Z")) < 2_000);
});

test("a frame that is no message of ours is none", () => {
  assert.equal(readMessage("{"), null);
  assert.equal(readMessage("null"), null);
  assert.equal(readMessage('{"type":"news"}'), null);
  assert.equal(readMessage(new ArrayBuffer(1)), null);
  assert.equal(readMessage('{"type":"resolved","status":"denied"}')?.status, "denied");
});

test("what a new state leaves out no longer holds", () => {
  const before = { login_id: "lgn_1", step: "push", challenge: {}, methods: [], version: "1", push_after: "x" };

  const after = withState(before, { type: "state", step: "approved", methods: ["push"], version: "2" });

  assert.equal(after.login_id, "lgn_1");
  assert.equal(after.push_after, undefined);
  assert.equal(after.challenge, undefined);
});
