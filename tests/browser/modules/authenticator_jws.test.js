// Only what the pinned hub signed, for this person, now, is a request.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { before, test } from "node:test";
import { fromBase64url, sha256, toBase64url, toUtf8 } from "../../../web/authenticator/engine/bytes.js";
import { verify } from "../../../web/authenticator/engine/jws.js";
import { decision, newKey } from "../../../web/authenticator/engine/keys.js";

const NOW = Date.parse("2026-11-24T03:00:00Z");
const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HEADER = { alg: "ES256", typ: "lumo-request+jwt", kid: "k1" };
const CLAIMS = Object.freeze({
  iss: "https://auth.acme.test",
  aud: "usr_ada",
  jti: "chl_1",
  iat: NOW / 1000,
  exp: NOW / 1000 + 120,
  kind: "login",
  app: "Acme Wiki",
  ctx: { ip: "203.0.113.24", city: "Vienna", country: "Austria", browser: "Firefox", os: "Windows", at: NOW / 1000 },
  match: "required",
});

let hub;
let trust;

before(async () => {
  hub = await crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const jwk = await crypto.subtle.exportKey("jwk", hub.publicKey);
  trust = {
    issuer: CLAIMS.iss,
    userId: CLAIMS.aud,
    jwks: { keys: [{ kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y, kid: "k1", alg: "ES256", use: "sig" }] },
  };
});

const part = (value) => toBase64url(toUtf8(JSON.stringify(value)));

async function signed(claims = {}, header = {}, key = hub.privateKey) {
  const input = `${part({ ...HEADER, ...header })}.${part({ ...CLAIMS, ...claims })}`;
  return `${input}.${toBase64url(await crypto.subtle.sign(ES256, key, toUtf8(input)))}`;
}

async function doubt(jws, now = NOW) {
  const verdict = await verify(jws, CLAIMS.jti, trust, now);
  return verdict.ok ? null : verdict.why;
}

test("a request of the pinned hub is one", async () => {
  const verdict = await verify(await signed(), CLAIMS.jti, trust, NOW);

  assert.deepEqual(verdict, { ok: true, claims: CLAIMS });
});

test("whatever is changed under the signature is seen", async () => {
  const [header, , signature] = (await signed()).split(".");
  const changed = part({ ...CLAIMS, ctx: { ...CLAIMS.ctx, ip: "198.51.100.1" } });

  assert.equal(await doubt(`${header}.${changed}.${signature}`), "bad-signature");
});

test("another key under the same name, or an unknown one, is none of ours", async () => {
  const other = await crypto.subtle.generateKey(ES256, true, ["sign"]);

  assert.equal(await doubt(await signed({}, {}, other.privateKey)), "bad-signature");
  assert.equal(await doubt(await signed({}, { kid: "k2" })), "unknown-key");
  assert.equal(await doubt(await signed({}, { kid: undefined })), "unknown-key");
});

test("the token does not choose its own algorithm", async () => {
  const unsigned = `${part({ ...HEADER, alg: "none" })}.${part(CLAIMS)}`;
  const input = `${part({ ...HEADER, alg: "HS256" })}.${part(CLAIMS)}`;
  const secret = JSON.stringify(trust.jwks.keys[0]);
  const mac = toBase64url(Uint8Array.from(createHmac("sha256", secret).update(input).digest()));

  assert.equal(await doubt(`${unsigned}.`), "not-signed");
  assert.equal(await doubt(`${unsigned}.${"A".repeat(86)}`), "not-signed");
  assert.equal(await doubt(`${input}.${mac}`), "not-signed");
  assert.equal(await doubt(await signed({}, { alg: "ES384" })), "not-signed");
});

test("another kind of token, or one with rules of its own, is no request", async () => {
  assert.equal(await doubt(await signed({}, { typ: "lumo-decision+jwt" })), "not-signed");
  assert.equal(await doubt(await signed({}, { typ: undefined })), "not-signed");
  assert.equal(await doubt(await signed({}, { crit: ["b64"], b64: false })), "not-signed");
});

test("another hub's, another person's, and one under a false name are refused", async () => {
  assert.equal(await doubt(await signed({ iss: "https://evil.test" })), "not-from-here");
  assert.equal(await doubt(await signed({ aud: "usr_eve" })), "not-for-you");
  assert.equal(await doubt(await signed({ aud: [CLAIMS.aud] })), "malformed");
  assert.equal(await doubt(await signed({ jti: "chl_2" })), "malformed");
});

test("time counts by the hub's clock, with leeway only for what was made a little early", async () => {
  assert.equal(await doubt(await signed(), NOW + 119_999), null);
  assert.equal(await doubt(await signed(), NOW + 120_000), "late");
  assert.equal(await doubt(await signed(), NOW - 30_000), null);
  assert.equal(await doubt(await signed(), NOW - 31_000), "early");
});

test("a request that lacks what has to be shown is not shown by halves", async () => {
  const wrong = [
    { app: undefined },
    { kind: "transfer" },
    { match: undefined },
    { exp: `${CLAIMS.exp}` },
    { msg: "x".repeat(257) },
    { ctx: undefined },
    { ctx: { ...CLAIMS.ctx, ip: undefined } },
    { ctx: { ...CLAIMS.ctx, lat: "48" } },
    { ctx: { ...CLAIMS.ctx, at: 1.5 } },
  ];

  for (const claims of wrong) assert.equal(await doubt(await signed(claims)), "malformed", JSON.stringify(claims));
});

test("what is no token at all is refused without a word", async () => {
  for (const text of ["", "a.b", "a.b.c", "a.b.c.d", "é.é.é", `${"A".repeat(20_000)}.A.A`]) {
    assert.equal(await doubt(text), "not-signed", text.slice(0, 20));
  }
});

test("a decision is over exactly the text that was verified, by a key that cannot leave", async () => {
  const jws = await signed();
  const { key, jwk } = await newKey();

  const token = await decision({ id: "dev_1", issuer: CLAIMS.iss, key }, { id: "chl_1", jws }, "deny", NOW);

  const [header, claims, signature] = token.split(".");
  const said = JSON.parse(Buffer.from(claims, "base64url").toString());
  const publicKey = await crypto.subtle.importKey("jwk", jwk, ES256, false, ["verify"]);
  assert.equal(said.req, toBase64url(await sha256(jws)));
  assert.equal(said.exp - said.iat, 120);
  assert.ok(await crypto.subtle.verify(ES256, publicKey, fromBase64url(signature), toUtf8(`${header}.${claims}`)));
  assert.equal(key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("jwk", key));
});
