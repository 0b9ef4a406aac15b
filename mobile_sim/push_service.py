"""The phone's own push service: takes web pushes on loopback, and turns away what no push service would take.

The receiving side alone (RFC 8030 section 5, RFC 8292 section 4): nothing is stored or sent on.
"""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, NamedTuple

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mobile_sim.mailbox import Mailbox, from_base64url

BODY_MAX_BYTES: Final = 4096
TOKEN_LIFE_MAX_S: Final = 24 * 3600
URGENCIES: Final = ("very-low", "low", "normal", "high")
STOP_WITHIN_S: Final = 1

_TTL: Final = re.compile(r"[0-9]{1,10}")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VAPID: Final = re.compile(r"vapid +(.+)", re.IGNORECASE)


class PortTaken(Exception):
    """The push service cannot listen; the text says why, in one line."""


class Refusal(NamedTuple):
    """An HTTP status, and why in a line."""

    status: int
    why: str


class PushService:
    """Listens on loopback from the start; answers while :meth:`running` is open."""

    def __init__(self, port: int = 0, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._mailboxes: dict[str, Mailbox] = {}
        self._socket = _listening(port)
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def mailbox(self) -> Mailbox:
        """Return a new mailbox at an address that nobody can guess."""
        mailbox = Mailbox(self.origin)
        self._mailboxes[mailbox.name] = mailbox
        return mailbox

    def close(self) -> None:
        """Listen no longer; :meth:`running` does so by itself."""
        self._socket.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take pushes while the context is open."""
        app = Starlette(routes=[Route("/push/{name}", self._take, methods=["POST"])])
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )
        # Signals are the phone's.
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([self._socket]))
            try:
                yield
            finally:
                server.should_exit = True

    async def _take(self, request: Request) -> Response:
        mailbox = self._mailboxes.get(request.path_params["name"])
        if mailbox is None:
            return PlainTextResponse("There is no such subscription.", 404)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                return PlainTextResponse(f"At most {BODY_MAX_BYTES} bytes are taken.", 413)
        refusal = refused(request.headers, self.origin, mailbox.hub_key, self._now())
        if refusal is not None:
            return PlainTextResponse(refusal.why, refusal.status)
        mailbox.deliver(bytes(body))
        # RFC 8030 section 5: the message's own address, and how long it is kept: it was handed on.
        location = f"{self.origin}/message/{mailbox.name}"
        return Response(status_code=201, headers={"Location": location, "TTL": "0"})


def refused(headers: Mapping[str, str], origin: str, hub_key: str | None, now: float) -> Refusal | None:
    """Return why a push with these *headers* is not taken, or nothing where it is."""
    if not _TTL.fullmatch(headers.get("ttl", "")):
        return Refusal(400, "TTL is missing, or not a number of seconds.")
    if not _TOPIC.fullmatch(headers.get("topic", "-")):
        return Refusal(400, "Topic has at most 32 characters of base64url.")
    if headers.get("urgency", "normal") not in URGENCIES:
        return Refusal(400, f"Urgency is one of {', '.join(URGENCIES)}.")
    if headers.get("content-encoding") != "aes128gcm":
        return Refusal(415, "Content-Encoding is not aes128gcm.")
    return _unauthorized(headers.get("authorization", ""), origin, hub_key, now)


def _unauthorized(authorization: str, origin: str, hub_key: str | None, now: float) -> Refusal | None:
    """RFC 8292 sections 2 to 4: a token for this very service, signed by the key it was subscribed with."""
    found = _VAPID.fullmatch(authorization)
    if not found:
        return Refusal(401, "Authorization is not vapid t=…, k=….")
    parts = dict(part.strip().partition("=")[::2] for part in found[1].split(","))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(parts.get("k", "")))
        claims = jwt.decode(
            parts.get("t", ""),
            key,
            algorithms=["ES256"],
            audience=origin,
            # The times are judged below, by the clock that was given.
            options={"require": ["aud", "exp"], "verify_exp": False, "verify_iat": False},
        )
    except (ValueError, jwt.InvalidTokenError) as error:
        return Refusal(403, f"The VAPID token does not fit: {error}")
    if not isinstance(claims["exp"], int) or not now < claims["exp"] <= now + TOKEN_LIFE_MAX_S:
        return Refusal(403, "The VAPID token has expired, or lives longer than a day.")
    if hub_key is not None and parts["k"].rstrip("=") != hub_key.rstrip("="):
        return Refusal(403, "The subscription is for another VAPID key.")
    return None


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        why = (error.strerror or str(error)).lower()
        raise PortTaken(f"Port {port} cannot be used for web pushes: {why}.") from error
    # Taken from here on: the hub may be told of it before the first answer can be given.
    listening.listen()
    return listening
