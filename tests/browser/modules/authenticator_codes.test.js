// Activation codes as people give them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activationOf } from "../../../web/authenticator/engine/codes.js";

const HERE = "https://auth.acme.test";

test("a code is taken as it stands under the square code", () => {
  assert.deepEqual(activationOf("K7QF-2M9D", HERE), { code: "K7QF-2M9D" });
  assert.deepEqual(activationOf("K7QF-2M9D-0000-ZZZZ", HERE), { code: "K7QF-2M9D-0000-ZZZZ" });
});

test("what people mix up is put right", () => {
  assert.deepEqual(activationOf("  k7qf 2m9d\n", HERE), { code: "K7QF-2M9D" });
  assert.deepEqual(activationOf("oOiIlL–22", HERE), { code: "0011-1122" });
});

test("what is no code is none", () => {
  for (const text of ["", "K7QF-2M9", "K7QF-2M9DX", "K7QF-2M9U", "hello", `${HERE}/`]) {
    assert.equal(activationOf(text, HERE), null, text);
  }
});

test("a link of this hub is its code", () => {
  assert.deepEqual(activationOf(`${HERE}/authenticator/#enroll=K7QF-2M9D`, HERE), { code: "K7QF-2M9D" });
});

test("a link of another hub says which address to open, and nothing else of it", () => {
  const link = "https://other.test/authenticator/?next=https://evil.test#enroll=k7qf2m9d&x=1";

  assert.deepEqual(activationOf(link, HERE), {
    elsewhere: "https://other.test/authenticator/#enroll=K7QF-2M9D",
  });
  assert.equal(activationOf("https://other.test/elsewhere#enroll=K7QF-2M9D", HERE), null);
  assert.equal(activationOf("javascript:alert(1)#enroll=K7QF-2M9D", HERE), null);
});
