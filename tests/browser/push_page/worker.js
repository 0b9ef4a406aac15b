// Shows what is pushed; a click opens it. The least that an authenticator's worker does.
import { titleOf } from "./titles.js";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("push", (event) => {
  const said = event.data.json();
  const shown = { body: said.words, tag: said.id, data: said, requireInteraction: true };
  event.waitUntil(registration.showNotification(titleOf(said), shown));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(`/index.html?request=${event.notification.data.id}`));
});
