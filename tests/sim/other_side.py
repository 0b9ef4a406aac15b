"""The hub's side of the contract, as small as a test needs it: real sockets, real signatures."""

import asyncio
import contextlib
import http
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response
from websockets.typing import Subprotocol as Offered

from hub.protocol import (
    AccountFacts,
    Ack,
    Authenticate,
    ChallengeMessage,
    Close,
    Decide,
    DeviceFacts,
    Hello,
    Ready,
    Report,
    Subprotocol,
    TenantFacts,
    Wire,
    encode,
    parse_device_message,
)
from mobile_sim.device import Account, new_key, public_jwk

WITHIN_S = 10
ADA = "ada@acme.test"


@dataclass
class Signing:
    """One key of the hub."""

    kid: str = "hub-1"
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def jwk(self) -> dict[str, Any]:
        return public_jwk(self.key) | {"kid": self.kid, "use": "sig", "alg": "ES256"}


def request_claims(account: Account, **changed: Any) -> dict[str, Any]:
    """Return a fitting request's claims, with what the test is about changed; None leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": account.issuer,
        "aud": account.user_id,
        "jti": "chl_1",
        "iat": now,
        "exp": now + 120,
        "kind": "login",
        "app": "Acme Wiki",
        "ctx": {
            "ip": "203.0.113.24",
            "city": "Vienna",
            "country": "Austria",
            "browser": "Firefox",
            "os": "Windows",
            "at": now,
        },
        "match": "none",
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


def signed(claims: dict[str, Any], by: Signing, **header: Any) -> str:
    """Return the request JWS."""
    headers = {"typ": "lumo-request+jwt", "kid": by.kid} | header
    return jwt.encode(claims, by.key, algorithm="ES256", headers=headers)


def enrolled(by: Signing, *, issuer: str = "http://127.0.0.1:1", email: str = ADA, n: int = 1) -> Account:
    """Return an account as enrolment would have left it."""
    return Account(
        device_id=f"dev_{n}",
        device_name="Test phone",
        user_id=f"usr_{n}",
        email=email,
        tenant_slug="acme",
        tenant_name="Acme",
        issuer=issuer,
        socket_url=issuer.replace("http", "ws", 1) + "/ws/device",
        jwks={"keys": [by.jwk()]},
        key=new_key(),
    )


class FakeHub:
    """Welcomes every phone, records what it says, says what the test tells it to."""

    def __init__(self) -> None:
        self.signing = Signing()
        self.published = [self.signing]
        self.key_fetches = 0
        self.clock_ahead_s = 0
        self.pending: list[ChallengeMessage] = []
        self.vapid_public_key: str | None = None
        self.push_subscribed: bool | None = None
        self.issuer = ""
        self.arrivals: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.said: asyncio.Queue[Wire] = asyncio.Queue()
        self.turned_away: Close | None = None
        self.sockets: dict[str, ServerConnection] = {}
        self._socket: ServerConnection | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FakeHub"]:
        server = serve(
            self._talk,
            "127.0.0.1",
            0,
            subprotocols=[Offered(one) for one in (Subprotocol.DEVICE_MSGPACK, Subprotocol.DEVICE_JSON)],
            process_request=self._http,
            compression=None,
            close_timeout=1,
        )
        async with server as running:
            port = next(iter(running.sockets)).getsockname()[1]
            self.issuer = f"http://127.0.0.1:{port}"
            yield self

    def account(self, email: str = ADA, n: int = 1) -> Account:
        return enrolled(self.signing, issuer=self.issuer, email=email, n=n)

    def challenge(self, account: Account, by: Signing | None = None, **changed: Any) -> ChallengeMessage:
        claims = request_claims(account, **changed)
        return ChallengeMessage(id=claims["jti"], request=signed(claims, by or self.signing))

    async def ask(self, account: Account, **changed: Any) -> ChallengeMessage:
        challenge = self.challenge(account, **changed)
        await self.say(challenge)
        return challenge

    async def say(self, message: Wire | bytes | str) -> None:
        assert self._socket is not None
        frame = encode(message, _spoken(self._socket)) if isinstance(message, Wire) else message
        await self._socket.send(frame)

    async def close(self, code: int) -> None:
        assert self._socket is not None
        await self._socket.close(code)

    async def drop(self) -> None:
        """Break the connection without a word."""
        assert self._socket is not None
        self._socket.transport.abort()

    async def arrival(self) -> ServerConnection:
        async with asyncio.timeout(WITHIN_S):
            return await self.arrivals.get()

    async def hears(self, kind: type[Wire]) -> Any:
        """Return the next message, which must be of *kind*."""
        async with asyncio.timeout(WITHIN_S):
            message = await self.said.get()
        assert isinstance(message, kind), message
        return message

    async def _talk(self, socket: ServerConnection) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.clock_ahead_s))
        hello = Hello(nonce="nonce-1", issuer=self.issuer, server_time=at)
        await socket.send(encode(hello, _spoken(socket)))
        first = parse_device_message(await socket.recv(), _spoken(socket))
        assert isinstance(first, Authenticate)
        self.said.put_nowait(first)
        if self.turned_away is not None:
            await socket.close(self.turned_away)
            return
        ready = Ready(
            device=DeviceFacts(id=first.device_id, name="Test phone"),
            account=AccountFacts(user_id="usr_1", tenant=TenantFacts(slug="acme", name="Acme"), email=ADA),
            heartbeat_s=25,
            pending=self.pending,
            vapid_public_key=self.vapid_public_key,
            push_subscribed=self.push_subscribed,
        )
        await socket.send(encode(ready, _spoken(socket)))
        self._socket = self.sockets[first.device_id] = socket
        self.arrivals.put_nowait(socket)
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                self.said.put_nowait(parse_device_message(frame, _spoken(socket)))

    def _http(self, _: ServerConnection, request: HttpRequest) -> Response | None:
        if request.path != "/.well-known/jwks.json":
            return None
        self.key_fetches += 1
        body = json.dumps({"keys": [one.jwk() for one in self.published]}).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
        headers["Connection"] = "close"
        return Response(http.HTTPStatus.OK, "OK", headers, body)


def _spoken(socket: ServerConnection) -> Subprotocol:
    return Subprotocol(str(socket.subprotocol))


__all__ = ["ADA", "Ack", "Decide", "FakeHub", "Report", "Signing", "enrolled", "request_claims", "signed"]
