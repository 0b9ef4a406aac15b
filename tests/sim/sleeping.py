"""A phone that sleeps in a test, and the pushes that a hub would send it."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import http_ece
import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.protocol import Authenticate, PushState, PushSubscription, SubscribePush
from mobile_sim import events
from mobile_sim.cards import Emit
from mobile_sim.client import Line
from mobile_sim.device import new_key
from mobile_sim.push_service import PushService
from mobile_sim.sleep import Sleep
from mobile_sim.state import StateFile
from tests.sim.hearing import Heard, Soon
from tests.sim.other_side import FakeHub

QUIET_S = 0.05


class Sender:
    """The hub's half of web push: seals, signs, posts; whatever a test changes goes out changed."""

    def __init__(self) -> None:
        self.key: ec.EllipticCurvePrivateKey = new_key()

    @property
    def public(self) -> str:
        return base64url(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def headers(self, endpoint: str, **claims: Any) -> dict[str, str]:
        parts = urlsplit(endpoint)
        said = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + 600, **claims}
        token = jwt.encode({**said, "sub": "mailto:hub@acme.test"}, self.key, algorithm="ES256")
        return {
            "TTL": "120",
            "Urgency": "high",
            "Topic": "chl-1",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": f"vapid t={token}, k={self.public}",
        }

    async def push(
        self, subscription: PushSubscription, message: Any, **headers: str | None
    ) -> httpx2.Response:
        """Push *message*, bytes as they are; a header that is None is left out."""
        plain = message if isinstance(message, bytes) else json.dumps(message).encode()
        point, auth = from_base64url(subscription.keys.p256dh), from_base64url(subscription.keys.auth)
        body = http_ece.encrypt(plain, private_key=new_key(), dh=point, auth_secret=auth)
        return await self.post(subscription.endpoint, body, **headers)

    async def post(self, endpoint: str, body: bytes, **headers: str | None) -> httpx2.Response:
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        known = {name.lower(): value for name, value in self.headers(endpoint).items()}
        said = {name: value for name, value in {**known, **changed}.items() if value is not None}
        async with httpx2.AsyncClient(trust_env=False) as http:
            return await http.post(endpoint, content=body, headers=said)


class SleepingPhone:
    """One running line that may sleep, at a hub's other side."""

    def __init__(self, hub: FakeHub, memory: StateFile, service: PushService) -> None:
        self.hub = hub
        self.sender = Sender()
        self.account = hub.account()
        memory.put(self.account)
        self.heard = Heard()
        self.sleep = Sleep(service.mailbox(), QUIET_S)
        self.line = self.listening(memory, self.heard)
        hub.vapid_public_key = self.sender.public

    def listening(self, memory: StateFile, emit: Emit) -> Line:
        """Return the phone's line, which tells what happens through *emit*."""
        return Line(self.account, memory, emit, sleep=self.sleep, chance=Soon())

    async def connects(self) -> None:
        """Return once it has connected and told where to push."""
        await self.hub.arrival()
        await self.hub.hears(Authenticate)
        self.subscription: PushSubscription = (await self.hub.hears(SubscribePush)).subscription

    async def falls_asleep(self) -> None:
        await self.hub.say(PushState(subscribed=True))
        await self.heard.until(events.Asleep)

    def pushed(self, challenge: Any, **changed: Any) -> dict[str, Any]:
        """Return what the hub pushes for *challenge*."""
        said = {**challenge.to_wire(), "account": self.account.user_id, **changed}
        return {name: value for name, value in said.items() if value is not None}


@contextlib.asynccontextmanager
async def sleeping(hub: FakeHub, memory: StateFile) -> AsyncIterator[SleepingPhone]:
    """Run a phone that has subscribed and gone to sleep."""
    service = PushService()
    phone = SleepingPhone(hub, memory, service)
    async with service.running(), asyncio.TaskGroup() as group:
        task = group.create_task(phone.line.run())
        await phone.connects()
        await phone.falls_asleep()
        try:
            yield phone
        finally:
            task.cancel()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")
