"""The authenticator while nobody has it open: its worker, what is pushed to it, what it shows."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Worker

from hub.domain.account import User
from tests.browser.authenticator.opened import PATIENCE_S, App
from tests.running import Browser, Phone, RunningHub, until

SHOWN = """async () => (await self.registration.getNotifications()).map(
  ({ title, body, tag, silent, actions, data }) => ({
    title, body, tag, silent, data, actions: actions.map(({ action }) => action) }))"""

# A click cannot be made from outside the browser; what the worker hears of one can.
CLICK = """async ([tag, action]) => {
  const [notification] = await self.registration.getNotifications({ tag });
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}"""


@dataclass
class Asleep:
    """A worker that is woken by pushes alone."""

    worker: Worker
    session: CDPSession
    origin: str
    registration: str

    @classmethod
    async def of(cls, app: App, context: BrowserContext) -> "Asleep":
        """Take hold of the worker that *app* has registered."""
        origin = app.way.url
        await context.grant_permissions(["notifications"], origin=origin)
        session = await context.new_cdp_session(app.page)
        registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(event: dict[str, Any]) -> None:
            for each in event["registrations"]:
                if each["scopeURL"] == f"{origin}/authenticator/" and not registered.done():
                    registered.set_result(each["registrationId"])

        session.on("ServiceWorker.workerRegistrationUpdated", hear)
        await session.send("ServiceWorker.enable")
        registration = await asyncio.wait_for(registered, PATIENCE_S)
        worker: Worker = await until(lambda: next(iter(context.service_workers), None), PATIENCE_S)
        await until(lambda: _is_active(worker), PATIENCE_S)
        return cls(worker, session, origin, registration)

    async def push(self, message: dict[str, Any] | str) -> None:
        """Deliver a push, decrypted, as a push service would."""
        data = message if isinstance(message, str) else json.dumps(message)
        await self.session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self.registration, "data": data},
        )

    async def shown(self) -> list[dict[str, Any]]:
        """Return the notifications that stand there."""
        notifications: list[dict[str, Any]] = await self.worker.evaluate(SHOWN)
        return notifications

    async def says(self, title: str) -> dict[str, Any]:
        """Wait for the notification of this *title*; return it."""

        async def found() -> dict[str, Any] | None:
            return next((each for each in await self.shown() if each["title"] == title), None)

        try:
            notification: dict[str, Any] = await until(found, PATIENCE_S)
        except AssertionError:
            raise AssertionError(f"no “{title}” in {await self.shown()}") from None
        return notification

    async def click(self, tag: str, action: str = "") -> None:
        """Tap a notification, or one of its buttons."""
        await self.worker.evaluate(CLICK, [tag, action])


async def _is_active(worker: Worker) -> bool:
    active: bool = await worker.evaluate("() => self.registration.active?.state === 'activated'")
    return active


@dataclass
class Waiting:
    """A browser that waits, and what the hub asks the person's phones."""

    browser: Browser
    id: str
    request: str
    account: str

    @property
    def pushed(self) -> dict[str, Any]:
        """What a web push of it carries."""
        return {"type": "challenge", "id": self.id, "request": self.request, "account": self.account}

    async def step(self) -> str:
        """Return how the sign-in stands."""
        step: str = (await self.browser.look()).json()["step"]
        return step


async def asked(hub: RunningHub, user: User, other: Phone, **body: Any) -> Waiting:
    """Begin a sign-in; *other*, a second phone of the user, tells what the phones are sent."""
    browser = hub.browser()
    async with other.connected() as socket:
        await browser.start(user.email, **body)
        challenge = await socket.until("challenge")
    return Waiting(browser, challenge["id"], challenge["request"], user.id)
