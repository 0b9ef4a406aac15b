"""A real hub for tests: the whole application behind a real uvicorn, on a free port, in the test's loop.

`Browser` and `Phone` are clients of PROTOCOL.md written from it alone; they share nothing with the hub.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import jwt
import msgpack
import uvicorn
import websockets
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from websockets.asyncio.client import ClientConnection

from hub.adapters.sql.migrate import migrate
from hub.domain.account import Role, User
from hub.domain.enrollment import CARRIED_LIFE
from hub.domain.secret import Secret
from hub.domain.tenant import AuthenticationSettings, Tenant
from hub.flows.administer import AT_THE_COMMAND_LINE
from hub.server import listen, server
from hub.services import Services
from hub.settings import Settings
from tests.soft_authenticator import SoftAuthenticator, challenge_over

SECRET = "a secret key that only the tests know"
MSGPACK, JSON = "lumo.device.v1.msgpack", "lumo.device.v1.json"
LOGIN = "lumo.login.v1.json"
PATIENCE_S = 5.0


@dataclass
class ShiftedClock:
    """The real time, moved forward as far as a test likes."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the present instant of this clock."""
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(seconds=seconds)


@dataclass
class RunningHub:
    """One process's worth of the hub."""

    url: str
    services: Services
    clock: ShiftedClock
    settings: Settings
    server: uvicorn.Server
    browsers: list["Browser"] = field(default_factory=list)

    async def tenant(self, slug: str = "demo", **policy: Any) -> Tenant:
        """Make a tenant; *policy* are fields of AuthenticationSettings."""
        tenant = await self.services.administer.create_tenant(slug, slug.capitalize())
        if policy:
            await self.services.administer.change_settings(
                tenant.id, AuthenticationSettings(**policy), by=AT_THE_COMMAND_LINE
            )
        return await self.services.administer.tenant(slug)

    async def user(
        self,
        tenant: Tenant,
        email: str = "ada@demo.test",
        *,
        role: Role = Role.USER,
        password: str | None = None,
    ) -> User:
        """Add a person."""
        return await self.services.administer.create_user(
            tenant.id,
            email,
            by=AT_THE_COMMAND_LINE,
            role=role,
            password=Secret(password) if password is not None else None,
        )

    async def activation_code(self, user: User) -> str:
        """Make a code that lives 24 h."""
        activation = await self.services.activate.create(
            user.tenant_id, user.id, life=CARRIED_LIFE, actor=AT_THE_COMMAND_LINE.actor
        )
        return activation.code.reveal()

    async def phone(
        self, user: User, *, pin: str | None = "2580", name: str = "Pixel 9", touches: bool = False
    ) -> "Phone":
        """Enrol a new phone of *user*; one that *touches* has a credential and approves by it."""
        phone = Phone(self.url, now=self.clock.now, pin=pin, name=name)
        if touches:
            phone.authenticator = SoftAuthenticator(self.url)
        await phone.enroll(await self.activation_code(user))
        return phone

    def browser(self, slug: str = "demo", **headers: str) -> "Browser":
        """Return a new browser, which knows nothing yet; it is closed with the hub if not before."""
        browser = Browser(self.url, slug, headers)
        self.browsers.append(browser)
        return browser

    async def audit_types(self, tenant: Tenant) -> list[str]:
        """Return the types of the audit rows, oldest first."""
        from hub.ports import AuditFilter

        rows = await self.services.administer.audit_page(tenant.id, AuditFilter(), 200, None)
        return [record.type.value for record, _ in reversed(rows)]


@asynccontextmanager
async def running_hub(
    database_url: str,
    *,
    clock: ShiftedClock | None = None,
    migrated: bool = False,
    port: int = 0,
    **given: Any,
) -> AsyncIterator[RunningHub]:
    """Run a hub on *database_url* while the context is open; *given* are settings by name."""
    clock = clock or ShiftedClock()
    with listen("127.0.0.1", port) as listening:
        port = listening.getsockname()[1]
        settings = Settings(_env_file=None, secret_key=SECRET, database_url=database_url, port=port, **given)  # type: ignore[call-arg]
        if not migrated:
            await migrate(database_url)
        serving = server(settings)
        serving.hub.clock = clock
        serving.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(serving.serve([listening]))
            await until(lambda: serving.started or task.done())
            services = serving.hub.services
            assert services is not None, "the hub did not start"
            running = RunningHub(settings.address.origin, services, clock, settings, serving)
            try:
                yield running
            finally:
                for browser in running.browsers:
                    await browser.http.aclose()
                serving.should_exit = True


@asynccontextmanager
async def sqlite_hub(folder: Path, **given: Any) -> AsyncIterator[RunningHub]:
    """Run a hub on a fresh SQLite file in *folder*."""
    async with running_hub(f"sqlite+aiosqlite:///{folder}/hub.db", **given) as hub:
        yield hub


async def until(holds: Any, within_s: float = PATIENCE_S) -> Any:
    """Wait until *holds()* (which may be awaitable) is true; return its value; fail after *within_s*."""
    end = time.monotonic() + within_s
    while True:
        value = holds()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {holds}")
        await asyncio.sleep(0.01)


# Clients ------------------------------------------------------------------------------------------------


@dataclass
class Browser:
    """A browser that signs in: cookies, JSON calls, and the login socket."""

    url: str
    slug: str
    headers: dict[str, str] = field(default_factory=dict)
    http: httpx2.AsyncClient = field(init=False)
    answer: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx2.AsyncClient(base_url=self.url, headers=self.headers, timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Call *path* as a page of the hub would."""
        sent = {"Origin": self.url, **headers}
        return await self.http.request(method, path, json=body, headers=sent)

    async def login_call(self, path: str, body: Any = None, method: str = "POST") -> httpx2.Response:
        """Call a login call of this tenant; the answer is kept where it is one."""
        response = await self.call(method, f"/t/{self.slug}/api/v1{path}", body)
        if response.status_code == 200 and "login_id" in response.json():
            self.answer = response.json()
        return response

    async def start(self, email: str = "ada@demo.test", **body: Any) -> dict[str, Any]:
        """Begin a sign-in; return the answer."""
        response = await self.login_call("/login", {"email": email, **body})
        assert response.status_code == 200, response.text
        return self.answer

    async def again(self, what: str, body: Any = None) -> httpx2.Response:
        """Call *what* (``push``, ``cancel``, ``password``, ``complete``) of the login begun last."""
        return await self.login_call(f"/login/{self.answer['login_id']}/{what}", body)

    async def look(self, query: str = "") -> httpx2.Response:
        """Ask how the login stands."""
        return await self.login_call(f"/login/{self.answer['login_id']}{query}", method="GET")

    @property
    def digits(self) -> str:
        """What the page shows to be typed on the phone."""
        digits: str = self.answer["challenge"]["match"]["digits"]
        return digits

    @asynccontextmanager
    async def watching(self) -> AsyncIterator["LoginSocket"]:
        """Watch the login begun last on its socket."""
        socket = self.answer["socket"]
        async with websockets.connect(
            socket["url"], subprotocols=[LOGIN], compression=None, proxy=None, origin=self.url
        ) as connection:
            await connection.send(json.dumps({"type": "watch", "ticket": socket["ticket"]}))
            yield LoginSocket(connection)


@dataclass
class LoginSocket:
    """A login socket that watches."""

    connection: ClientConnection

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = json.loads(await self.connection.recv())
            return message

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the first message of *kind* whose fields are as given."""
        while True:
            message = await self.next()
            if message["type"] == kind and all(message.get(key) == value for key, value in fields.items()):
                return message


@dataclass
class Phone:
    """A phone: a P-256 key, enrolled by a code, that speaks either encoding.

    It has a PIN, an authenticator, or both; with an authenticator it approves by that.
    """

    url: str
    now: Any
    pin: str | None = "2580"
    name: str = "Pixel 9"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    facts: dict[str, Any] = field(default_factory=dict)
    authenticator: SoftAuthenticator | None = None

    @property
    def id(self) -> str:
        """The device id."""
        device_id: str = self.facts["device_id"]
        return device_id

    def seconds(self) -> int:
        """Return the phone's time, which is the hub's."""
        return int(self.now().timestamp())

    def sign(self, typ: str, claims: dict[str, Any], **headers: Any) -> str:
        """Sign *claims*; *headers* replace or add to the usual ones (None leaves one out)."""
        header = {"typ": typ, "kid": self.facts.get("device_id"), **headers}
        given = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(claims, self.key, algorithm="ES256", headers=given)

    def proof(self, nonce: str, **claims: Any) -> str:
        """Return a proof over *nonce*."""
        now = self.seconds()
        said = {"iss": self.id, "aud": self.url, "nonce": nonce, "iat": now, "exp": now + 60, **claims}
        return self.sign("lumo-proof+jwt", said)

    def enrolling_proof(self, code: str, **claims: Any) -> str:
        """Return the proof of the new key over an activation code."""
        now = self.seconds()
        jwk = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        jwk = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
        said = {"aud": self.url, "nonce": code, "iat": now, "exp": now + 60, **claims}
        return self.sign("lumo-proof+jwt", said, jwk=jwk, kid=None)

    async def enroll(self, code: str, **body: Any) -> httpx2.Response:
        """Enrol by *code*; fails the test where *body* does not change anything and it is refused."""
        proof = body.get("proof") or self.enrolling_proof(code)
        said = {
            "activation_code": code,
            "proof": proof,
            "device": {"name": self.name, "platform": "test"},
            **({"pin": self.pin} if self.pin is not None else {}),
            **({"attestation": self.attestation(proof)} if self.authenticator else {}),
            **body,
        }
        async with httpx2.AsyncClient(base_url=self.url) as http:
            response = await http.post("/api/v1/enroll", json=said)
        if response.status_code == 201:
            self.facts = response.json()
        else:
            assert body, response.text
        return response

    def attestation(self, proof: str, **forged: Any) -> dict[str, Any]:
        """Return what the authenticator makes a credential with, for this *proof*."""
        assert self.authenticator is not None
        return self.authenticator.attest(challenge_over(proof), **forged)

    def assertion(self, decision: str, **forged: Any) -> dict[str, Any]:
        """Return what the authenticator signs, at a touch, for this *decision*."""
        assert self.authenticator is not None
        return self.authenticator.touch(challenge_over(decision), **forged)

    def verified(self, decision: str) -> dict[str, Any]:
        """Return what an approval carries to show that the person is there."""
        return {"assertion": self.assertion(decision)} if self.authenticator else {"pin": self.pin}

    def decision(self, request: str, answer: str = "approve", match: str | None = None, **claims: Any) -> str:
        """Return a decision over *request*; *claims* replace the right ones."""
        now = self.seconds()
        jti = jwt.decode(request, options={"verify_signature": False})["jti"]
        req = base64.urlsafe_b64encode(hashlib.sha256(request.encode()).digest()).rstrip(b"=").decode()
        said = {
            "iss": self.id,
            "aud": self.url,
            "sub": jti,
            "req": req,
            "decision": answer,
            "iat": now,
            "exp": now + 60,
            "jti": base64.urlsafe_b64encode(
                hashlib.sha256(str(time.perf_counter_ns()).encode()).digest()
            ).decode(),
            **({"match": match} if match is not None else {}),
            **claims,
        }
        return self.sign(
            "lumo-decision+jwt", {name: value for name, value in said.items() if value is not None}
        )

    @asynccontextmanager
    async def socket(
        self, subprotocol: str = MSGPACK, url: str | None = None
    ) -> AsyncIterator["DeviceSocket"]:
        """Open a socket (at another node by *url*) and say nothing yet."""
        address = (url or self.url).replace("http", "ws", 1) + "/ws/device"
        async with websockets.connect(
            address, subprotocols=[subprotocol], compression=None, proxy=None, max_size=None
        ) as connection:
            yield DeviceSocket(self, connection, subprotocol)

    @asynccontextmanager
    async def exchanging(self, url: str | None = None) -> AsyncIterator["ExchangePhone"]:
        """Call without a socket (another node by *url*)."""
        async with httpx2.AsyncClient(base_url=url or self.url, timeout=30) as http:
            yield ExchangePhone(self, http)

    @asynccontextmanager
    async def connected(
        self, subprotocol: str = MSGPACK, url: str | None = None
    ) -> AsyncIterator["DeviceSocket"]:
        """Open a socket and authenticate."""
        async with self.socket(subprotocol, url) as socket:
            await socket.authenticate()
            yield socket


@dataclass
class ExchangePhone:
    """A phone without a socket: it calls, and keeps nonce and cursor from one call to the next."""

    phone: Phone
    http: httpx2.AsyncClient
    nonce: str = "none"
    cursor: str | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    async def call(self, *messages: Any, **query: Any) -> httpx2.Response:
        """Call once, with the nonce as it is; *query* goes into the address."""
        body = {"device_id": self.phone.id, "proof": self.phone.proof(self.nonce), "messages": list(messages)}
        response = await self.http.post("/api/v1/device/exchange", params=query, json=body)
        self.nonce = response.json().get("nonce", self.nonce)
        return response

    async def say(self, *messages: Any, **query: Any) -> list[dict[str, Any]]:
        """Call, again with a fresh nonce where one is asked for; return what follows ``ready``."""
        response = await self.call(*messages, **query)
        if response.status_code == 401 and response.json()["code"] == "use_nonce":
            response = await self.call(*messages, **query)
        assert response.status_code == 200, response.text
        self.cursor = response.json()["cursor"]
        self.ready, *others = response.json()["messages"]
        return others

    async def wait(self, seconds: int = 25) -> list[dict[str, Any]]:
        """Wait for something new; return what follows ``ready``."""
        return await self.say(wait=seconds, since=self.cursor)

    async def decide(
        self, request: str, answer: str = "approve", match: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Answer *request*; return what the hub says to it."""
        decision = more.get("decision") or self.phone.decision(request, answer, match)
        message = {"type": "decide", "decision": decision}
        if answer == "approve":
            message |= self.phone.verified(decision)
        said = {name: value for name, value in {**message, **more}.items() if value is not None}
        return (await self.say(said))[0]


@dataclass
class DeviceSocket:
    """A device socket."""

    phone: Phone
    connection: ClientConnection
    subprotocol: str
    hello: dict[str, Any] = field(default_factory=dict)
    ready: dict[str, Any] = field(default_factory=dict)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        if self.subprotocol == MSGPACK:
            await self.connection.send(msgpack.packb(message))
        else:
            await self.connection.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.connection.recv()
        message: dict[str, Any] = msgpack.unpackb(frame) if isinstance(frame, bytes) else json.loads(frame)
        return message

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the first message of *kind*."""
        while True:
            message = await self.next()
            if message["type"] == kind:
                return message

    async def authenticate(self, **claims: Any) -> dict[str, Any]:
        """Prove the key over the hub's nonce; return ``ready``."""
        self.hello = await self.next()
        proof = self.phone.proof(self.hello["nonce"], **claims)
        await self.send({"type": "authenticate", "device_id": self.phone.id, "proof": proof})
        self.ready = await self.next()
        return self.ready

    async def decide(
        self, request: str, answer: str = "approve", match: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Answer *request*; return what the hub says to it (``decided`` or ``error``)."""
        decision = more.get("decision") or self.phone.decision(request, answer, match)
        message = {"type": "decide", "decision": decision}
        if answer == "approve":
            message |= self.phone.verified(decision)
        await self.send({name: value for name, value in {**message, **more}.items() if value is not None})
        while True:
            reply = await self.next()
            if reply["type"] in ("decided", "error"):
                return reply

    async def closed(self) -> int:
        """Wait for the hub to close; return its code."""
        async with asyncio.timeout(PATIENCE_S):
            await self.connection.wait_closed()
        code = self.connection.close_code
        assert code is not None
        return code
