// When the authenticator tries its socket again, and what each close code means.

import assert from "node:assert/strict";
import { test } from "node:test";
import { delayMs, meaningOf, needsExchange, socketAgainMs } from "../../../web/authenticator/engine/retry.js";
import { Close } from "../../../web/shared/protocol.js";

const least = () => 0;
const most = () => 0.999_999;

test("only a removed device is forgotten, and only a second window makes one stand back", () => {
  const meanings = Object.values(Close).map((code) => [code, meaningOf(code)]);

  assert.deepEqual(
    meanings.filter(([, meaning]) => meaning !== "again"),
    [
      [4403, "forget"],
      [4409, "yield"],
    ],
  );
});

test("after a restart phones come back spread over five seconds", () => {
  assert.equal(delayMs(0, Close.RESTARTING, least), 0);
  assert.ok(delayMs(0, Close.RESTARTING, most) > 4_999);
  assert.ok(delayMs(0, Close.RESTARTING, most) <= 5_000);
});

test("waits grow, with jitter, up to half a minute", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 20, 2_000].map((failures) => delayMs(failures, 1006, most));

  for (const [before, after] of waits.slice(1).map((wait, at) => [waits[at], wait])) assert.ok(after >= before);
  assert.ok(waits.at(-1) > 29_000 && waits.at(-1) <= 30_000);
  assert.ok(delayMs(4, 1006, least) < delayMs(4, 1006, most));
});

test("an overloaded hub, and one that will not have us, are not hurried", () => {
  for (const code of [1013, 4400, 4401, 4429, 1009]) assert.ok(delayMs(0, code, least) >= 2_000, `${code}`);
});

test("calls take over after two failures, and the socket is tried again now and then", () => {
  assert.deepEqual([0, 1, 2, 9].map(needsExchange), [false, false, true, true]);
  assert.ok(socketAgainMs(2, least) >= 7_000);
  assert.ok(socketAgainMs(50, most) <= 400_000);
});
