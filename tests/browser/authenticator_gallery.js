// Stands in for the app's main.js: shows the real screens, each state by name (?state=…), on made-up data.

import { App } from "/static/authenticator/app.js";
import { insecure, noStorage, unsupported } from "/static/authenticator/screens/cannot.js";

const NOW = Date.now();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1";

const acme = {
  id: "dev_acme",
  userId: "usr_acme",
  tenant: { slug: "acme", name: "Acme" },
  email: "alice@acme.test",
  deviceName: "Pixel 9",
  uv: { pin: true, webauthn: true },
  link: "live",
  lastLiveAt: NOW,
  retryAt: null,
  push: "on",
  enrolledAt: NOW - 40 * DAY,
};
const northwind = {
  ...acme,
  id: "dev_northwind",
  tenant: { slug: "northwind", name: "Northwind" },
  email: "alice@northwind.test",
};
const pinOnly = { ...acme, uv: { pin: true, webauthn: false } };
const long = {
  ...acme,
  id: "dev_long",
  tenant: { slug: "long", name: "Gesellschaft für Wasserversorgung und Abwasserbeseitigung" },
  email: "maximiliane.von-und-zu-hohenlohe-langenburg@wasserversorgung.example.test",
};

const vienna = { location: "Vienna, Austria", city: "Vienna", country: "Austria", lat: 48.21, lon: 16.37 };
const lagos = { location: "Lagos, Nigeria", city: "Lagos", country: "Nigeria", lat: 6.45, lon: 3.4 };
const nowhere = { location: null, city: null, country: null, lat: null, lon: null };

/** @param {object} more */
const asking = (more = {}) => ({
  id: "chl_one",
  accountId: acme.id,
  kind: "login",
  app: "Acme Wiki",
  message: null,
  needsMatch: true,
  from: { ip: "203.0.113.24", ...vienna, browser: "Firefox", os: "Windows" },
  askedAt: NOW - 48_000,
  expiresAt: NOW + 72_000,
  place: "usual",
  usualSpot: null,
  browserKnownSince: null,
  ...more,
});
const far = asking({
  from: { ip: "198.51.100.77", ...lagos, browser: "Chrome", os: "Linux" },
  place: "new",
  usualSpot: vienna,
  askedAt: NOW - 108_000,
  expiresAt: NOW + 12_500,
});
const tap = asking({ needsMatch: false, browserKnownSince: NOW - 90 * DAY });

const preview = {
  tenant: "Acme",
  email: "alice@acme.test",
  expiresAt: NOW + 581_000,
  issuerHost: "auth.acme.test",
  code: "K7QF-2M9D",
  uv: { pin: true, webauthn: true },
  pinLength: { min: 4, max: 8 },
};

/** @param {object} more */
const entry = (more) => ({
  id: Math.random().toString(),
  accountId: acme.id,
  tenantName: "Acme",
  email: acme.email,
  at: NOW,
  what: "approved",
  app: "Acme Wiki",
  place: "Vienna",
  browser: "Firefox on Windows",
  ...more,
});
const entries = [
  entry({}),
  entry({ what: "reported", place: "Lagos", browser: "Chrome on Linux", at: NOW - 2 * MINUTE }),
  entry({ what: "expired", app: "Northwind Mail", tenantName: "Northwind", browser: "Safari on Mac", at: NOW - 3 * MINUTE }),
  entry({ what: "answered-elsewhere", at: NOW - DAY }),
  entry({ what: "denied", at: NOW - DAY - MINUTE }),
  entry({ what: "cancelled", app: "Acme Payroll", place: "Graz", browser: "Safari on iPad", at: NOW - DAY - 2 * MINUTE }),
  entry({ what: "added", app: "", place: "", browser: "", at: NOW - 40 * DAY }),
];

/** The engine's shape; its answers are set by the state. */
class Sample extends EventTarget {
  constructor(given) {
    super();
    this.accounts = [acme, northwind];
    this.requests = [];
    this.storage = "persisted";
    this.answers = {};
    this.entries = entries;
    Object.assign(this, given);
  }
  answer(name) {
    return Promise.resolve(this.answers[name] ?? { ok: true, status: "approved", preview, accountId: acme.id });
  }
  preview = () => this.answer("preview");
  enrol = () => this.answer("enrol");
  approve = () => this.answer("approve");
  deny = () => this.answer("deny");
  report = () => this.answer("report");
  test = () => this.answer("test");
  rename = () => this.answer("rename");
  remove = () => this.answer("remove");
  enablePush = () => this.answer("enablePush");
  disablePush = () => this.answer("disablePush");
  addBiometrics = () => this.answer("addBiometrics");
  history = () => Promise.resolve(this.entries);
  shown = () => Promise.resolve();
  wake() {}
}

const find = (selector) => document.querySelector(selector);
const settled = () => new Promise((resolve) => setTimeout(resolve, 60));
const button = (text) => [...document.querySelectorAll("button")].find((each) => each.textContent.includes(text));
async function press(text) {
  await settled();
  button(text).click();
  await settled();
}
async function type(selector, text) {
  await settled();
  const input = find(selector);
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
async function pin(text) {
  await type("#pin", text);
  find("dialog form").requestSubmit();
  await settled();
}
const over = (status, by, more = {}) => (app) =>
  app.engine.dispatchEvent(new CustomEvent("over", { detail: { id: "chl_one", status, by, ...more } }));
const withCode = (more = {}) => ({ hash: "enroll=K7QF-2M9D", accounts: [], ...more });
const one = (more = {}, request = asking()) => ({ requests: [request], ...more });
const camera = (error) => {
  navigator.permissions.query = () => Promise.resolve({ state: "granted" });
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
};
/** A picture of a desk with a code on it, as a camera would see it. */
const film = () => {
  navigator.permissions.query = () => Promise.resolve({ state: "granted" });
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 350, height: 250 });
  const paint = canvas.getContext("2d");
  paint.fillStyle = "#3d4a4d";
  paint.fillRect(0, 0, 350, 250);
  paint.fillStyle = "#e8eceb";
  paint.fillRect(105, 55, 140, 140);
  navigator.mediaDevices.getUserMedia = () => Promise.resolve(canvas.captureStream(5));
};
const askingLeave = { push: "off" };

const STATES = {
  welcome: { accounts: [] },
  "welcome-install": { accounts: [], after: (app) => offer(app) },
  home: {},
  "home-connecting": { accounts: [{ ...acme, link: "connecting" }] },
  "home-slower": { accounts: [{ ...acme, link: "exchange" }] },
  offline: {
    accounts: [acme, northwind].map((each) => ({ ...each, link: "offline", retryAt: NOW + 8_500, lastLiveAt: NOW - MINUTE })),
  },
  "home-notices": { accounts: [{ ...acme, push: "lost" }], storage: "refused" },
  "home-long-names": { accounts: [long] },
  "home-several": {
    requests: [asking(), { ...far, id: "chl_two" }, asking({ id: "chl_three", kind: "test", accountId: northwind.id, app: "Test request" })],
  },
  elsewhere: { accounts: [{ ...acme, link: "elsewhere" }] },
  request: one(),
  "request-typed": { ...one(), after: () => type("#match", "407926") },
  "request-far": { ...one({}, far), after: () => type("#match", "407") },
  "request-tap": one({}, tap),
  "request-first": one({}, asking({ place: "first" })),
  "request-country": one({}, asking({ from: { ...asking().from, ...nowhere, location: "Austria (approximate)" } })),
  "request-no-place": one({}, asking({ place: "unknown", from: { ...asking().from, ...nowhere } })),
  "request-own-network": one({}, asking({ place: "own-network", from: { ...asking().from, ...nowhere, ip: "192.168.20.14" } })),
  "request-approval": one({}, asking({ kind: "approval", needsMatch: false, app: "Acme Payroll", message: "Pay 4,250.00 EUR to Northwind GmbH, invoice 2026-117" })),
  "request-test": one({}, asking({ kind: "test", needsMatch: false, app: "Test request" })),
  "request-more": { ...one(), after: (app) => more(app) },
  "request-pin-only": one({ accounts: [pinOnly] }),
  "request-long-names": one({ accounts: [long] }, asking({ accountId: long.id, app: "Wasserzählerablesungserfassungsportal" })),
  "request-refused": {
    ...one({}, tap),
    answers: { approve: { ok: false, code: "uv_cancelled" } },
    after: () => press("Approve"),
  },
  "request-no-network": {
    ...one({}, tap),
    answers: { deny: { ok: false, code: "offline" } },
    after: () => press("Deny"),
  },
  pin: { ...one({ accounts: [pinOnly] }, tap), after: () => press("Approve") },
  "pin-wrong": {
    ...one({ accounts: [pinOnly] }, tap),
    answers: { approve: { ok: false, code: "wrong_pin", triesLeft: 3 } },
    after: async () => {
      await press("Approve");
      await pin("1357");
    },
  },
  "pin-locked": {
    ...one({ accounts: [pinOnly] }, tap),
    answers: { approve: { ok: false, code: "device_locked" } },
    after: async () => {
      await press("Approve");
      await pin("1357");
    },
  },
  denied: {
    ...one(),
    answers: { deny: { ok: true, status: "denied" } },
    after: async (app) => {
      await settled();
      app.engine.requests = [];
      await press("Deny");
    },
  },
  approved: { ...one({}, tap), after: () => press("Approve") },
  "approved-test": { ...one({}, { ...tap, kind: "test" }), after: () => press("Approve") },
  "approved-elsewhere": { ...one(), after: over("approved", "elsewhere") },
  "denied-elsewhere": { ...one(), after: over("denied", "elsewhere") },
  "ran-out": { ...one(), after: over("expired", "elsewhere") },
  cancelled: { ...one(), after: over("cancelled", "elsewhere") },
  "wrong-number": {
    ...one({}, tap),
    answers: { approve: { ok: false, code: "over", status: "denied", reason: "wrong_match" } },
    after: () => press("Approve"),
  },
  arriving: { hash: "request=chl_gone" },
  history: { hash: "history" },
  "history-empty": { hash: "history", entries: [] },
  add: { hash: "add" },
  "add-camera": { hash: "add", before: film },
  "add-no-camera": { hash: "add", before: () => camera("NotAllowedError") },
  "add-field-only": { hash: "add", before: () => delete document.body.dataset.decoder },
  "add-invalid": { hash: "add", after: () => submitCode("K7QF") },
  "add-elsewhere": { hash: "add", after: () => submitCode("https://login.northwind.test/authenticator/#enroll=K7QF-2M9D") },
  enrol: withCode(),
  "enrol-pin": { ...withCode(), after: async () => (await settled(), find("[value=pin]").click()) },
  "enrol-reserve": { ...withCode(), after: async () => (await settled(), find("summary").click()) },
  "enrol-pin-only": withCode({ answers: { preview: { ok: true, preview: { ...preview, uv: { pin: true, webauthn: false } } } } }),
  "enrol-refused": { ...withCode({ answers: { enrol: { ok: false, code: "cancelled" } } }), after: () => press("Add account") },
  "enrol-full": { ...withCode({ answers: { enrol: { ok: false, code: "conflict" } } }), after: () => press("Add account") },
  "enrol-ran-out": withCode({ answers: { preview: { ok: true, preview: { ...preview, expiresAt: NOW } } } }),
  "enrol-no-such-code": withCode({ answers: { preview: { ok: false, code: "activation_code_invalid" } } }),
  "enrol-slow-down": withCode({ answers: { preview: { ok: false, code: "rate_limited", retryAfterS: 240 } } }),
  "enrol-other-address": withCode({
    answers: { preview: { ok: false, code: "other_address", address: "https://auth.acme.test/authenticator/#enroll=K7QF-2M9D" } },
  }),
  notify: { ...withCode({ accounts: [{ ...acme, ...askingLeave }] }), before: () => undecided(), after: () => press("Add account") },
  ready: { ...withCode({ accounts: [acme] }), after: () => press("Add account") },
  "ready-sent": {
    ...withCode({ accounts: [acme] }),
    after: async () => {
      await press("Add account");
      await press("in 10 seconds");
    },
  },
  account: { hash: `account=${acme.id}` },
  "account-pin": {
    hash: `account=${acme.id}`,
    accounts: [{ ...pinOnly, push: "off" }],
    before: () => {
      PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = () => Promise.resolve(true);
    },
    after: async () => (await settled(), find("summary").click()),
  },
  "account-blocked": { hash: `account=${acme.id}`, accounts: [{ ...acme, push: "blocked" }] },
  "account-lost": { hash: `account=${acme.id}`, accounts: [{ ...acme, push: "lost" }] },
  "account-remove": { hash: `account=${acme.id}`, after: () => press("Remove from this phone") },
  "account-remove-offline": {
    hash: `account=${acme.id}`,
    answers: { remove: { ok: false, code: "offline" } },
    after: async () => {
      await press("Remove from this phone");
      find("dialog .btn-no").click();
      await settled();
    },
  },
  "account-gone": { hash: "account=dev_other" },
  wiped: {
    accounts: [northwind],
    after: (app) => app.engine.dispatchEvent(new CustomEvent("wiped", { detail: { tenant: "Acme", email: acme.email } })),
  },
  "install-ios": { ...withCode(), before: () => pretend(IPHONE) },
  "install-ios-ran-out": {
    ...withCode({ answers: { preview: { ok: false, code: "activation_code_invalid" } } }),
    before: () => pretend(IPHONE),
  },
  "install-ios-no-code": {
    accounts: [],
    before: () => {
      sessionStorage.clear();
      pretend(IPHONE);
    },
  },
  "install-ipad": { ...withCode(), before: () => pretend(IPHONE.replaceAll("iPhone", "iPad")) },
  insecure: { instead: insecure },
  unsupported: { instead: () => unsupported("keys") },
  "keeps-nothing": { instead: noStorage },
};

function pretend(agent) {
  Object.defineProperty(navigator, "userAgent", { value: agent });
}
function undecided() {
  Object.defineProperty(Notification, "permission", { value: "default" });
}
function offer(app) {
  const event = new Event("beforeinstallprompt", { cancelable: true });
  window.dispatchEvent(event);
  app.render();
}
async function more(app) {
  app.engine.requests = [...app.engine.requests, { ...far, id: "chl_two" }];
  app.engine.dispatchEvent(new Event("change"));
}
async function submitCode(text) {
  await type("#code", text);
  find("form").requestSubmit();
}

async function show(name) {
  const { hash = "", before, after, instead, ...given } = STATES[name];
  const root = find("#app");
  before?.();
  if (instead) root.replaceChildren(instead());
  else {
    history.replaceState(null, "", `${location.pathname}${location.search}#${hash}`);
    const app = new App(new Sample(given), root);
    app.start();
    await settled();
    await after?.(app);
    await settled();
  }
  document.documentElement.dataset.shown = name;
}

window.names = Object.keys(STATES);
const name = new URLSearchParams(location.search).get("state");
if (name) await show(name);
