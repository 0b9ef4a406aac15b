// Notifications: shown at once for every push, replaced when the request has ended, answered by a tap.

import { tell } from "../engine/channel.js";
import { subscribed } from "../engine/push.js";
import { Desk } from "./desk.js";
import * as words from "./words.js";

/**
 * @typedef {import("./desk.js").Found} Found
 * @typedef {import("../../shared/protocol.js").Outcome} Outcome
 *
 * @typedef {{type: "challenge", id: string, account: string, request?: string}
 *   | {type: "resolved", id: string, account: string, status: Outcome}} Pushed
 *
 * @typedef {NotificationOptions & {
 *   actions?: {action: string, title: string}[], renotify?: boolean, timestamp?: number}} Options
 */

const PAGE = "/authenticator/";
const ICON = "/authenticator/icons/icon-192.png";

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

/**
 * @param {PushMessageData | null} data
 */
export async function pushed(data) {
  const message = read(data);
  if (message?.type === "resolved") return resolved(message);
  if (message?.type === "challenge") return asked(message);
  return show("unread", words.UNREAD, {});
}

/** @param {Extract<Pushed, {type: "challenge"}>} message */
async function asked(message) {
  tell({ type: "look" });
  const desk = await Desk.open();
  try {
    const found = await desk.find(message);
    if (found === null || typeof found === "string") {
      return await show(message.id, found === "late" ? words.TOO_LATE : words.UNREAD, {});
    }
    const { request } = found.card;
    await show(request.id, words.asked(request, found.account), {
      data: { id: request.id },
      timestamp: request.askedAt,
      requireInteraction: true,
      renotify: true,
      actions: [
        { action: "deny", title: words.DENY },
        { action: "open", title: words.OPEN },
      ],
    });
    await desk.ack(found);
  } finally {
    desk.close();
  }
}

/** @param {Extract<Pushed, {type: "resolved"}>} message */
async function resolved({ id, status }) {
  const desk = await Desk.open();
  try {
    const found = await desk.resolved(id, status);
    const shown = await worker.registration.getNotifications({ tag: id });
    if (await isInSight()) {
      for (const notification of shown) notification.close();
      return;
    }
    const app = found?.card.request.app;
    await show(id, words.ended(status, app), { silent: true });
  } finally {
    desk.close();
  }
}

/**
 * @param {Notification} notification
 * @param {string} action
 */
export async function clicked(notification, action) {
  notification.close();
  const id = notification.data?.id;
  if (action === "deny" && typeof id === "string") return deny(id);
  return open(id);
}

/** @param {string} id */
async function deny(id) {
  const desk = await Desk.open();
  try {
    const found = await desk.shown(id);
    if (!found) return await show(id, words.TOO_LATE, { silent: true });
    const answer = await desk.deny(found);
    if (typeof answer === "object") {
      const { app } = found.card.request;
      const said = answer.status === "denied" ? words.DENIED : words.ended(answer.status, app);
      return await show(id, said, { silent: true, data: { id } });
    }
    if (answer === "removed") return await show(id, words.REMOVED, {});
    // First the words, then the app: a browser may refuse to open it so long after the tap.
    await show(id, words.NOT_DENIED, { data: { id } });
    return await open(id);
  } finally {
    desk.close();
  }
}

/** @param {string | undefined} id Open the app at this request, in the window that is there or in a new one. */
async function open(id) {
  const hash = id ? `#request=${id}` : "";
  const windows = await appWindows();
  const window = windows.find((each) => each.focused) ?? windows.find(isVisible) ?? windows[0];
  if (!window) {
    // Browsers refuse it where the tap is too long ago; the notification is still there to be tapped.
    await worker.clients.openWindow(PAGE + hash).catch(() => null);
    return;
  }
  await window.focus().catch(() => {});
  tell(id ? { type: "show", id } : { type: "look" });
}

/** @param {PushSubscription | null | undefined} renewed What the browser has put in the old one's place, if it has. */
export async function subscriptionChanged(renewed) {
  const desk = await Desk.open();
  try {
    await desk.resubscribe(async (key) => renewed ?? subscribed(worker.registration, key));
  } finally {
    desk.close();
  }
}

/**
 * @param {string} tag The challenge: what is said of it replaces what was said before.
 * @param {words.Words} said
 * @param {Options} options
 */
function show(tag, { title, body }, options) {
  return worker.registration.showNotification(title, { body, tag, icon: ICON, badge: ICON, ...options });
}

/**
 * @param {PushMessageData | null} data
 * @returns {Pushed | null}
 */
function read(data) {
  try {
    const message = data?.json();
    return typeof message?.id === "string" && typeof message.account === "string" ? message : null;
  } catch {
    return null;
  }
}

async function appWindows() {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return windows.filter(({ url }) => new URL(url).pathname === PAGE);
}

/** @param {WindowClient} window */
function isVisible({ visibilityState }) {
  return visibilityState === "visible";
}

async function isInSight() {
  return (await appWindows()).some(isVisible);
}
