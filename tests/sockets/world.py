"""What a socket test starts from: a person with a phone at a tenant of their own, and a request on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from hub.domain.account import User
from hub.domain.audit import Event
from hub.domain.tenant import Tenant
from hub.flows.base import device_topic
from hub.ports import AuditFilter
from tests.running import MSGPACK, Browser, DeviceSocket, Phone, RunningHub

_numbers = count(1)


@dataclass(frozen=True)
class Someone:
    """A person with a phone."""

    hub: RunningHub
    tenant: Tenant
    user: User
    phone: Phone

    def browser(self) -> Browser:
        """Return a new browser at the person's tenant."""
        return self.hub.browser(self.tenant.slug)

    async def another_phone(self) -> Phone:
        """Enrol one more."""
        return await self.hub.phone(self.user, name="Old phone")

    async def sockets(self, phone: Phone | None = None) -> int:
        """Return how many sockets of the phone the hub listens on."""
        (listening,) = await self.hub.services.bus.listeners(device_topic((phone or self.phone).id))  # type: ignore[arg-type]
        return listening or 0

    async def recorded(self, event: str) -> list[dict[str, Any]]:
        """Return what was recorded of *event* at the person's tenant, oldest first."""
        found = AuditFilter(type=Event(event))
        rows = await self.hub.services.administer.audit_page(self.tenant.id, found, 200, None)
        return [dict(record.data) for record, _ in reversed(rows)]

    async def audited(self) -> list[str]:
        """Return the types of what was recorded at the person's tenant."""
        return await self.hub.audit_types(self.tenant)


async def someone(
    hub: RunningHub, *, touches: bool = False, pin: str | None = "2580", **policy: Any
) -> Someone:
    """Make a person with a phone, at a new tenant; *policy* are fields of AuthenticationSettings."""
    tenant = await hub.tenant(f"tenant-{next(_numbers)}", **policy)
    user = await hub.user(tenant)
    return Someone(hub, tenant, user, await hub.phone(user, touches=touches, pin=pin))


@dataclass(frozen=True)
class Question:
    """A browser waits, and the phone's socket has the request; *digits* are what the browser shows."""

    who: Someone
    browser: Browser
    device: DeviceSocket
    card: dict[str, Any]
    digits: str | None

    @property
    def id(self) -> str:
        """The challenge's id."""
        challenge_id: str = self.card["id"]
        return challenge_id

    @property
    def request(self) -> str:
        """What the phone shows and signs."""
        request: str = self.card["request"]
        return request

    @property
    def wrong_digits(self) -> str:
        """What it does not show."""
        return f"{(int(self.digits or 0) + 1) % 1_000_000:06}"

    async def answer(
        self, token: str | None = None, pin: str | None = "2580", **claims: Any
    ) -> dict[str, Any]:
        """Send a decision, to approve and with the right digits unless *token* or *claims* differ."""
        token = self.decision(**claims) if token is None else token
        return await self.device.decide(self.request, pin=pin, decision=token)

    def decision(self, answer: str = "approve", **claims: Any) -> str:
        """Return a decision with the right digits; *claims* replace the right ones (None leaves one out)."""
        return self.device.phone.decision(self.request, answer, **{"match": self.digits, **claims})

    async def status(self) -> str:
        """Return what the browser is told of the challenge."""
        challenge = (await self.browser.look()).json()["challenge"]
        assert challenge["id"] == self.id
        status: str = challenge["status"]
        return status


@asynccontextmanager
async def asked(who: Someone, subprotocol: str = MSGPACK) -> AsyncIterator[Question]:
    """A browser of *who* has begun a sign-in, and the connected phone was asked."""
    async with AsyncExitStack() as stack:
        device = await stack.enter_async_context(who.phone.connected(subprotocol))
        browser = await stack.enter_async_context(who.browser())
        await browser.start(who.user.email)
        digits = browser.answer["challenge"].get("match", {}).get("digits")
        yield Question(who, browser, device, await device.until("challenge"), digits)
