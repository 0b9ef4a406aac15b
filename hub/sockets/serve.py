"""The loop of one socket: wait for a frame, a nudge or the time, in one task.

A nudge cuts the wait for a frame short (the frame is not lost: the server's queue keeps it), so that neither
a reader nor a writer task is needed beside the connection's own.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from hub.protocol import Close, Subprotocol, Wire, encode
from hub.sockets.closing import SilentTooLong, TooManyFrames, close_code

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SEND_WITHIN_S = 5
FRAMES_AT_ONCE = 100
FRAMES_PER_S = 20

log = structlog.get_logger()


class Gone(Exception):
    """The peer is gone; there is nobody to tell."""


@dataclass(slots=True)
class FrameBudget:
    """A token bucket of frames."""

    left: float = FRAMES_AT_ONCE
    counted_at: float = 0.0

    def spend(self, now: float) -> None:
        """Count one frame at loop time *now*; raises TooManyFrames."""
        if self.counted_at:
            self.left = min(FRAMES_AT_ONCE, self.left + (now - self.counted_at) * FRAMES_PER_S)
        self.counted_at = now
        self.left -= 1
        if self.left < 0:
            raise TooManyFrames


@dataclass(slots=True)
class Connection:
    """One accepted socket."""

    receive: Receive
    send: Send
    subprotocol: Subprotocol
    budget: FrameBudget = field(default_factory=FrameBudget)
    _rung: bool = False
    _waiting: asyncio.Timeout | None = None

    def ring(self) -> None:
        """Cut the wait short: there may be something to see."""
        if not self._rung:
            self._rung = True
            # One whose time is up already can no longer be changed, and need not be.
            if self._waiting is not None and not self._waiting.expired():
                self._waiting.reschedule(asyncio.get_running_loop().time())

    async def frame(self, within_s: float) -> bytes | str | None:
        """Return the next frame, or None where the bell rang or the time ran out first.

        Raises:
            Gone: the peer closed, or vanished.
            TooManyFrames: it floods.
        """
        if self._rung:
            self._rung = False
            # A turn for others, and for what the peer has sent meanwhile.
            await asyncio.sleep(0)
            return None
        try:
            async with asyncio.timeout(within_s) as self._waiting:
                message = await self.receive()
        except TimeoutError:
            self._rung = False
            return None
        finally:
            self._waiting = None
        if message["type"] == "websocket.disconnect":
            raise Gone
        self.budget.spend(asyncio.get_running_loop().time())
        data: bytes | str | None = message.get("bytes")
        return data if data is not None else message["text"]

    async def first_frame(self, within_s: float) -> bytes | str:
        """Return the first frame; raises SilentTooLong, and as :meth:`frame`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while (left := until - loop.time()) > 0:
            frame = await self.frame(left)
            if frame is not None:
                return frame
        raise SilentTooLong

    async def say(self, messages: Iterable[Wire]) -> None:
        """Send; raises Gone where the peer does not take it in time (the kernel reaps the rest)."""
        for message in messages:
            frame = encode(message, self.subprotocol)
            kind = "bytes" if isinstance(frame, bytes) else "text"
            await self._send({"type": "websocket.send", kind: frame})

    async def close(self, code: Close) -> None:
        """Say why it ends."""
        await self._send({"type": "websocket.close", "code": int(code)})

    async def _send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self.send(message)
        except (TimeoutError, OSError, RuntimeError) as error:
            raise Gone from error


async def serve(connection: Connection, talk: Callable[[Connection], Awaitable[None]]) -> None:
    """Run *talk* to its end and close with the code of what ended it."""
    try:
        try:
            await talk(connection)
        except Gone:
            return
        except Exception as error:
            code = close_code(error)
            if code is Close.INTERNAL_ERROR:
                # Without a close of our own the server would drop the connection with no close frame.
                log.exception("socket.failed", subprotocol=connection.subprotocol)
            await connection.close(code)
    except Gone:
        return


async def accept(receive: Receive, send: Send, subprotocol: Subprotocol) -> Connection:
    """Accept the handshake."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": subprotocol.value})
    return Connection(receive, send, subprotocol)


async def refuse(receive: Receive, send: Send, status: int, code: str, detail: str, retry_s: int = 0) -> None:
    """Refuse the handshake with an HTTP answer (RFC 9457), before anything is accepted."""
    await receive()
    body = json.dumps({"type": "about:blank", "status": status, "code": code, "detail": detail}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if retry_s:
        headers.append((b"retry-after", str(retry_s).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
