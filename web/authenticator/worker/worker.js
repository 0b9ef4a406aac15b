// The service worker: keeps the app on the phone, and speaks for it while it is closed.

import { clicked, pushed, subscriptionChanged } from "./notices.js";
import { Shell } from "./shell.js";

/**
 * Listen to everything a worker is woken for. Browsers take listeners only while the script first runs.
 *
 * @param {{version: string, shell: string[]}} app
 */
export function serve({ version, shell: urls }) {
  /** @type {ServiceWorkerGlobalScope} */
  const worker = /** @type {any} */ (self);
  const shell = new Shell(version, urls, worker.location.origin);

  worker.addEventListener("install", (event) => {
    // Nobody is kept on an old version by a window that stays open.
    event.waitUntil(shell.fill().then(() => worker.skipWaiting()));
  });
  worker.addEventListener("activate", (event) => {
    event.waitUntil(shell.sweep().then(() => worker.clients.claim()));
  });
  worker.addEventListener("fetch", (event) => {
    const answer = shell.answer(event.request);
    if (answer) event.respondWith(answer);
  });
  worker.addEventListener("push", (event) => event.waitUntil(pushed(event.data)));
  worker.addEventListener("notificationclick", (event) => {
    event.waitUntil(clicked(event.notification, event.action));
  });
  worker.addEventListener("pushsubscriptionchange", (event) => {
    const { newSubscription } = /** @type {{newSubscription?: PushSubscription | null}} */ (event);
    /** @type {ExtendableEvent} */ (event).waitUntil(subscriptionChanged(newSubscription));
  });
}
