"""A push service for tests: takes what the hub pushes, as strictly as any, and hands it to a real Firefox.

The HTTP side is RFC 8030's; the WebSocket side (`autopush`) is the one that Firefox speaks. Both listen on
one free port of loopback, in the test's loop::

    async with push_service() as service:
        box = service.subscribe(vapid_public_key)
        ...  # the hub is given box.subscription and pushes
        await until(lambda: box.received)
        assert box.messages() == [{"type": "challenge", ...}]
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from hub.server import listen
from tests.push.autopush import Autopush
from tests.push.box import Box, Push
from tests.push.keys import BrowserKeys
from tests.push.serving import served
from tests.push.strictness import Terms, refusal

# The longest that a tenant lets a request live.
LONGEST_TTL_S = 600


@dataclass
class PushService:
    """The service; `origin` is what ``HUB_PUSH_ALLOW`` has to name."""

    origin: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    longest_ttl_s: int = LONGEST_TTL_S
    boxes: dict[str, Box] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def subscribe(self, application_key: str, keys: BrowserKeys | None = None) -> Box:
        """Subscribe as a browser would, with keys that the test can read with."""
        return self.open_box(application_key, keys or BrowserKeys())

    def open_box(self, application_key: str, keys: BrowserKeys | None = None) -> Box:
        """Make an address that nobody can guess."""
        name = secrets.token_urlsafe(24)
        box = Box(f"{self.origin}/push/{name}", application_key, keys)
        self.boxes[name] = box
        return box

    async def take(self, request: Request) -> Response:
        """Take a push (RFC 8030 section 5)."""
        box = self.boxes.get(request.path_params["name"])
        if box is None:
            return PlainTextResponse("no such subscription", 404)
        headers = dict(request.headers)
        body = await request.body()
        terms = Terms(self.origin, box.application_key, self.longest_ttl_s, self.now())
        push = Push(headers, body, refusal(headers, body, terms))
        box.received.append(push)
        if push.refused:
            return PlainTextResponse(push.refused.why, push.refused.status)
        answer = box.next_answers.popleft() if box.next_answers else box.always
        if answer is not None:
            await asyncio.sleep(answer.after_s)
            if answer.status != 201:
                return PlainTextResponse(answer.words, answer.status, dict(answer.headers))
        box.deliver(push)
        headers = {"Location": f"{self.origin}/message/{next(self._numbers)}", "TTL": headers["ttl"]}
        return Response(status_code=201, headers=headers)


@asynccontextmanager
async def push_service(now: Callable[[], datetime] | None = None) -> AsyncIterator[PushService]:
    """Listen on a free port of loopback while the context is open; *now* is the hub's clock."""
    with listen("127.0.0.1", 0) as listening:
        service = PushService(f"http://127.0.0.1:{listening.getsockname()[1]}")
        if now:
            service.now = now
        firefoxes = Autopush(service.open_box)

        async def browser(socket: WebSocket) -> None:
            await firefoxes.serve(socket)

        app = Starlette(
            routes=[
                Route("/push/{name}", service.take, methods=["POST"]),
                WebSocketRoute("/", browser),
            ]
        )
        async with served(app, listening):
            yield service
