"""A real ``hub serve`` as a subject: one person a phone, everybody on the tenant's defaults.

The defaults are ``passwordless`` and a match on any new browser, which each browser here is: digits are
drawn, sealed, typed and compared in every login.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import msgpack
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from hub.adapters.sql.migrate import migrate
from hub.app import open_services
from hub.domain.enrollment import CARRIED_LIFE
from hub.domain.secret import Secret
from hub.flows.administer import AT_THE_COMMAND_LINE
from hub.flows.enroll import NewPhone
from hub.services import Services
from hub.settings import Settings
from tests.bench.processes import Process, running
from tests.bench.subject import Login
from tests.bench.wire import Frame, Http, Socket, Unexpected
from tests.services import free_port

SECRET = "a secret key that only the benchmark knows"
PIN = "2580"
TENANT = "bench"
CALLS = f"/t/{TENANT}/api/v1"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
JSON = "application/json"
ENROLLING = 16


@dataclass(slots=True)
class Phone:
    """A person's enrolled phone."""

    url: str
    email: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    device_id: str = ""
    user_id: str = ""
    socket: Socket | None = None

    async def enroll(self, hub: Services) -> None:
        """Add the person and enrol the phone, by the flows that the hub's calls lead to."""
        tenant = await hub.administer.tenant(TENANT)
        user = await hub.administer.create_user(tenant.id, self.email, by=AT_THE_COMMAND_LINE)
        activation = await hub.activate.create(
            tenant.id, user.id, life=CARRIED_LIFE, actor=AT_THE_COMMAND_LINE.actor
        )
        code = activation.code.reveal()
        jwk = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        proof = self._sign(
            "lumo-proof+jwt", {"nonce": code}, jwk={name: jwk[name] for name in ("kty", "crv", "x", "y")}
        )
        phone = NewPhone("Phone", "bench", pin=Secret(PIN))
        enrolled = await hub.enroll.enroll(code, proof, phone, per_ip="127.0.0.1")
        self.device_id, self.user_id = enrolled.device.id, user.id

    async def connect(self, port: int) -> None:
        """Open the socket and prove the key."""
        self.socket = await Socket.open(port, "/ws/device", "lumo.device.v1.msgpack")
        hello = await self.next("hello")
        proof = self._sign(
            "lumo-proof+jwt", {"iss": self.device_id, "nonce": hello[1]["nonce"]}, kid=self.device_id
        )
        self.send({"type": "authenticate", "device_id": self.device_id, "proof": proof})
        _, ready = await self.next("ready")
        if ready["account"]["email"] != self.email:
            raise Unexpected(f"{self.email} is welcomed as {ready['account']}")

    def send(self, message: dict[str, Any]) -> float:
        """Send one message; return the moment before it."""
        assert self.socket is not None
        return self.socket.send(msgpack.packb(message))

    async def next(self, kind: str) -> tuple[Frame, dict[str, Any]]:
        """Return the next message of *kind*; others on the way are dropped, an error is none of them."""
        assert self.socket is not None
        while True:
            frame = await self.socket.next()
            message: dict[str, Any] = msgpack.unpackb(frame.payload)
            if message["type"] == kind:
                return frame, message
            if message["type"] == "error":
                raise Unexpected(f"the phone was told {message}")

    def decision(self, request: str, challenge_id: str, digits: str) -> str:
        """Return the signed approval of *request*."""
        digest = hashlib.sha256(request.encode()).digest()
        said = {
            "iss": self.device_id,
            "sub": challenge_id,
            "req": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "decision": "approve",
            "match": digits,
            "jti": secrets.token_urlsafe(16),
        }
        return self._sign("lumo-decision+jwt", said, kid=self.device_id)

    def _sign(self, typ: str, claims: dict[str, Any], **headers: Any) -> str:
        now = int(time.time())
        said = {"aud": self.url, "iat": now, "exp": now + 60, **claims}
        return jwt.encode(said, self.key, algorithm="ES256", headers={"typ": typ, **headers})


class HubSubject:
    """Implements Subject."""

    def __init__(self, name: str, process: Process, port: int, people: list[Phone]) -> None:
        self.name = name
        self.process = process
        self.phones = len(people)
        self._port = port
        self._people = people

    async def connect(self, phone: int) -> None:
        """Connect one phone."""
        await self._people[phone].connect(self._port)

    def disconnect(self) -> None:
        """Drop all phones."""
        for person in self._people:
            if person.socket is not None:
                person.socket.close()

    async def browser(self) -> Http:
        """Open a browser's HTTP connection."""
        return await Http.open(self._port)

    async def ask(self, phone: int, browser: Http) -> Login:
        """Begin a login, and wait until the phone has the challenge."""
        person = self._people[phone]
        body = json.dumps({"email": person.email}).encode()
        answered = await browser.post(f"{CALLS}/login", body, Content_Type=JSON, User_Agent=AGENT)
        answer = answered.json()
        if answer["step"] != "push" or "challenge" not in answer:
            raise Unexpected(f"no challenge: {answer}")
        frame, card = await person.next("challenge")
        claims = jwt.decode(card["request"], options={"verify_signature": False})
        if not card["id"] == answer["challenge"]["id"] == claims["jti"] or claims["aud"] != person.user_id:
            raise Unexpected(f"asked {answer['challenge']}, the phone shows {claims}")
        return Login(phone, frame.at - browser.sent_at, card, answer, answered.cookies)

    async def watch(self, login: Login) -> None:
        """Open the browser's socket."""
        login.page = await Socket.open(self._port, "/ws/login", "lumo.login.v1.json")
        login.page.send(
            json.dumps({"type": "watch", "ticket": login.answer["socket"]["ticket"]}).encode(), text=True
        )
        await self._told(login, "state")

    async def show(self, login: Login) -> None:
        """Acknowledge, and wait until the browser is told."""
        self._people[login.phone].send({"type": "ack", "id": login.card["id"]})
        _, state = await self._told(login, "state")
        if state["challenge"]["delivery"] != "shown":
            raise Unexpected(f"acknowledged, and the page shows {state}")

    def sign(self, login: Login, *, shown: bool) -> None:
        """Sign the decision, with the digits that the browser shows."""
        person, challenge = self._people[login.phone], login.answer["challenge"]
        signed = person.decision(login.card["request"], challenge["id"], challenge["match"]["digits"])
        messages = [{"type": "decide", "decision": signed, "pin": PIN}]
        if not shown:
            messages.insert(0, {"type": "ack", "id": challenge["id"]})
        login.taps = [msgpack.packb(message) for message in messages]

    async def tap(self, login: Login) -> float:
        """Approve; return the seconds until the browser is told."""
        device = self._people[login.phone].socket
        assert device is not None
        assert login.page is not None
        *before, decide = login.taps
        for each in before:
            device.send(each)
        at = device.send(decide)
        frame, resolved = await self._told(login, "resolved")
        if resolved["status"] != "approved":
            raise Unexpected(f"approved, and the page was told {resolved}")
        login.page.close()
        return frame.at - at

    async def complete(self, login: Login, browser: Http) -> None:
        """Turn the approval into a session."""
        headers = {"Content_Type": JSON, "Cookie": login.cookies, "Origin": self._people[login.phone].url}
        completed = await browser.post(f"{CALLS}/login/{login.answer['login_id']}/complete", b"{}", **headers)
        if completed.json()["step"] != "done":
            raise Unexpected(f"completed, and got {completed.body!r}")

    async def _told(self, login: Login, kind: str) -> tuple[Frame, dict[str, Any]]:
        assert login.page is not None
        while True:
            frame = await login.page.next()
            message: dict[str, Any] = json.loads(frame.payload)
            if message["type"] == kind:
                return frame, message


@asynccontextmanager
async def hub(
    name: str, folder: Path, core: int, phones: int, *, database_url: str, redis_url: str | None = None
) -> AsyncIterator[HubSubject]:
    """Set a hub up with as many people as *phones* and run it; no phone is connected yet."""
    port = free_port()
    settings = Settings(secret_key=SecretStr(SECRET), database_url=database_url, port=port)
    await migrate(database_url)
    people = [Phone(settings.address.origin, f"person{number}@bench.test") for number in range(phones)]
    async with open_services(settings) as (services, _):
        await services.administer.create_tenant(TENANT, "Bench")
        waiting = iter(people)

        async def enrol() -> None:
            for person in waiting:
                await person.enroll(services)

        async with asyncio.TaskGroup() as group:
            for _ in range(ENROLLING):
                group.create_task(enrol())
    env = {
        "HUB_SECRET_KEY": SECRET,
        "HUB_DATABASE_URL": database_url,
        "HUB_RATE_LIMITS": "off",
        "HUB_LOG_LEVEL": "warning",
        "HUB_SETTINGS": str(folder / "none.env"),
        **({"HUB_REDIS_URL": redis_url} if redis_url else {}),
    }
    command = [str(Path(sys.executable).with_name("hub")), "serve", "--port", str(port)]
    async with AsyncExitStack() as stack:
        log = folder / f"{name.replace(' ', '-')}.log"
        process = stack.enter_context(running(command, core=core, port=port, log=log, **env))
        subject = HubSubject(name, process, port, people)
        stack.callback(subject.disconnect)
        yield subject
