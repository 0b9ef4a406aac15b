// What a sign-in looks like at one moment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sightOf, spoken, viewOf } from "../../../web/login/sight.js";

const NOW = Date.parse("2026-11-24T03:00:00Z");

function login(more = {}) {
  return { login_id: "lgn_1", step: "push", methods: [], version: "v", ...more };
}

function challenge(more = {}) {
  return { id: "chl_1", status: "pending", expires_at: "2026-11-24T03:01:12Z", delivery: "shown", ...more };
}

function sight(more, seen = {}) {
  return sightOf(login(more), { now: NOW, link: "live", ...seen });
}

test("each step and ending has its view", () => {
  const views = [
    [{ step: "password" }, "password"],
    [{ challenge: challenge() }, "push"],
    [{ challenge: challenge({ status: "expired" }) }, "expired"],
    [{}, "resting"],
    [{ step: "approved" }, "approved"],
    [{ step: "done" }, "done"],
    [{ step: "failed", challenge: challenge({ status: "denied" }) }, "denied"],
    [{ step: "failed", challenge: challenge({ status: "denied", reason: "wrong_match" }) }, "wrong-match"],
    [{ step: "failed", challenge: challenge({ status: "cancelled" }) }, "cancelled"],
    [{ step: "failed", challenge: challenge({ status: "expired" }) }, "over"],
    [{ step: "failed" }, "over"],
    [{ step: "code" }, "over"],
  ];

  for (const [more, view] of views) assert.equal(viewOf(login(more)), view);
});

test("a sign-in cancelled before any request says so once the socket has", () => {
  assert.equal(viewOf(login({ step: "failed" }), "cancelled"), "cancelled");
});

test("the number is in two groups, and read out one by one", () => {
  const { facts, values } = sight({ challenge: challenge({ match: { digits: "407926" } }) });

  assert.ok(facts.has("match") && !facts.has("tap"));
  assert.deepEqual([values["digits-a"], values["digits-b"]], ["407", "926"]);
  assert.equal(values["digits-read"], "4 0 7, 9 2 6");
  assert.equal(spoken(""), "");
});

test("without a number one tap is enough", () => {
  const { facts } = sight({ challenge: challenge() });

  assert.ok(facts.has("tap") && !facts.has("match"));
});

test("a number that has ended stays in sight, faded", () => {
  const { facts, values } = sight({ challenge: challenge({ status: "expired" }) }, { lastDigits: "407926" });

  assert.ok(facts.has("old-digits") && !facts.has("match"));
  assert.equal(values["digits-a"], "407");
});

test("the last twenty seconds are late", () => {
  const ends = { challenge: challenge({ expires_at: "2026-11-24T03:00:21Z" }) };

  assert.ok(!sight(ends).facts.has("late"));
  assert.ok(sight(ends, { now: NOW + 1_000 }).facts.has("late"));
  assert.equal(sight(ends).values.left, "0:21");
});

test("exactly one delivery line holds", () => {
  for (const delivery of ["sending", "shown", "unreachable"]) {
    for (const link of ["live", "retrying", "blocked"]) {
      const { facts } = sight({ challenge: challenge({ delivery }) }, { link });
      const lines = ["sending", "shown", "unreachable", "waiting"].filter((line) => facts.has(line));
      assert.equal(lines.length, 1, `${delivery}, ${link}: ${lines}`);
    }
  }
});

test("a fresh request has to wait, then may go, and at last may not", () => {
  const early = sight({ challenge: challenge(), push_after: "2026-11-24T03:00:12Z" });
  const ready = sight({ challenge: challenge(), push_after: "2026-11-24T02:59:59Z" });
  const last = sight({ challenge: challenge() });

  assert.ok(early.facts.has("not-yet") && early.facts.has("more"));
  assert.equal(early.values.wait, "12 s");
  assert.ok(ready.facts.has("ready") && ready.facts.has("more"));
  assert.ok(last.facts.has("no-more"));
});
