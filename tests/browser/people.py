"""What people do at the browser and at the phone, in a few words."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page, expect

from tests.running import DeviceSocket, RunningHub

ADA = "ada@demo.test"
PASSWORD = "correct horse battery staple"


@dataclass
class PhoneInHand:
    """A phone that is connected, and somebody who looks at it."""

    socket: DeviceSocket
    request: str = ""

    async def looks(self) -> None:
        """Open the next request; the hub is told that it is shown."""
        pending = self.socket.ready["pending"]
        challenge = pending.pop() if pending else await self.socket.until("challenge")
        self.request = challenge["request"]
        await self.socket.send({"type": "ack", "id": challenge["id"]})

    async def approves(self, digits: str | None = None) -> None:
        """Type the number, where one is asked for, and approve."""
        await self.socket.decide(self.request, "approve", digits)

    async def denies(self) -> None:
        """Say no."""
        await self.socket.decide(self.request, "deny")


@asynccontextmanager
async def ada_with_a_phone(hub: RunningHub, **policy: Any) -> AsyncIterator[PhoneInHand]:
    """Somebody with a password and a phone in the hand, at a tenant with *policy*."""
    user = await hub.user(await hub.tenant(**policy), ADA, password=PASSWORD)
    phone = await hub.phone(user)
    async with phone.connected() as socket:
        yield PhoneInHand(socket)


async def give_email(page: Page, hub: RunningHub, email: str = ADA, query: str = "") -> None:
    """Open the sign-in page and say who it is, by the keyboard."""
    await page.goto(f"{hub.url}/t/demo/login{query}")
    await page.get_by_label("Work email").fill(email)
    await page.keyboard.press("Enter")


async def digits_on(page: Page) -> str:
    """Return the number on the plates."""
    await expect(page.locator("[data-fill=digits-b]")).to_have_text(re.compile(r"\d{3}"))
    return "".join([await page.locator(f"[data-fill=digits-{half}]").inner_text() for half in "ab"])


async def code_on(page: Page) -> str:
    """Return the activation code on the plates."""
    await expect(page.get_by_text("Waiting for your phone")).to_be_visible()
    return "-".join(await page.locator(".pair.code [aria-hidden]").all_inner_texts())


async def awake(page: Page) -> None:
    """Wait until the page's script has taken over from the forms."""
    await expect(page.locator("#login:not([data-login])")).to_be_attached()
