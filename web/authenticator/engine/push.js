// Notifications while the app is closed: one web-push subscription of this browser, told to each account that wants it.

import { fromBase64url, toBase64url } from "./bytes.js";

/**
 * @typedef {import("./store.js").AccountRecord} AccountRecord
 * @typedef {import("./types.js").PushState} PushState
 */

export const SCOPE = "/authenticator/";
const WORKER = "/authenticator/sw.js";
/** A push service that is not reached does not say so everywhere. */
const SUBSCRIBE_WITHIN_MS = 20_000;

/** @returns {boolean} Whether this browser can be woken at all. */
export function isSupported() {
  return "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

/**
 * @param {AccountRecord} record
 * @returns {PushState}
 */
export function stateOf({ push, vapidKey }) {
  if (!isSupported() || vapidKey === null) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  if (!push.wanted) return "off";
  return push.lost || Notification.permission !== "granted" ? "lost" : "on";
}

/**
 * The app's worker: caches the app, shows notifications.
 *
 * @returns {Promise<ServiceWorkerRegistration | null>} null where the browser has none, or refuses.
 */
export async function registerWorker() {
  if (!("serviceWorker" in navigator)) return null;
  try {
    return await navigator.serviceWorker.register(WORKER, { scope: SCOPE, type: "module" });
  } catch {
    return null;
  }
}

/**
 * The subscription of this browser under the hub's key: the one that is there, or a new one.
 *
 * @param {ServiceWorkerRegistration | null} registration
 * @param {string} vapidKey Base64url.
 * @returns {Promise<PushSubscription | null>} null where the push service, or the person, gives none.
 */
export async function subscribed(registration, vapidKey) {
  if (!registration) return null;
  try {
    return await within(SUBSCRIBE_WITHIN_MS, subscribe(registration, vapidKey));
  } catch {
    return null;
  }
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {string} vapidKey
 */
async function subscribe(registration, vapidKey) {
  await active(registration);
  const present = await registration.pushManager.getSubscription();
  if (present && keyOf(present) === vapidKey) return present;
  // Made under a key that the hub does not sign with any more: nothing it sends would arrive.
  await present?.unsubscribe();
  return registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: fromBase64url(vapidKey),
  });
}

/** @param {PushSubscription} subscription */
function keyOf(subscription) {
  const key = subscription.options?.applicationServerKey;
  return key ? toBase64url(key) : null;
}

/**
 * No account wants it any more.
 *
 * @param {ServiceWorkerRegistration | null} registration
 */
export async function unsubscribe(registration) {
  try {
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  } catch {
    // The hub forgets its side as well; the push service will find out by itself.
  }
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<void>} Once its worker is there: nothing can be subscribed before.
 */
function active(registration) {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (!worker || worker.state === "activated" || registration.active) return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("the worker was not installed"));
    });
  });
}

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function within(ms, work) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too late")), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
