"""The load generator's own clients: small enough that what is measured is the other side."""

import asyncio
import json
import re
from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self, cast

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

HOST = "127.0.0.1"
CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
SET_COOKIE = re.compile(rb"(?i)\r\nset-cookie: *([^;\r]+)")


class Unexpected(Exception):
    """The other side said what it should not: nothing measured with it counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; *cookies* as a browser would send them back."""

    status: int
    cookies: str
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body of a 200; raises Unexpected for any other."""
        if self.status != 200:
            raise Unexpected(f"{self.status}: {self.body.decode(errors='replace')}")
        read: dict[str, Any] = json.loads(self.body)
        return read


class Http(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self._read = b""
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self.sent_at = 0.0

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def post(self, path: str, body: bytes, **headers: str) -> Answer:
        """Call; :attr:`sent_at` is the moment (`perf_counter`) at which the last byte was handed over."""
        assert self._transport is not None
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._answered = asyncio.get_running_loop().create_future()
        self.sent_at = perf_counter()
        self._transport.write(request)
        return await self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own does not say that it is one

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is whole."""
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found or self._answered is None:
            return
        length = CONTENT_LENGTH.search(head)
        if length is None:
            self._answered.set_exception(Unexpected("an answer without Content-Length"))
        elif len(body) >= int(length[1]):
            self._read = b""
            cookies = b"; ".join(SET_COOKIE.findall(head)).decode()
            self._answered.set_result(Answer(int(head[9:12]), cookies, body))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what waits."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(Unexpected(f"the connection was closed: {error}"))


@dataclass(frozen=True, slots=True)
class Frame:
    """What came and when (`perf_counter`), whether or not anybody waited for it."""

    at: float
    payload: bytes


class Socket(WSListener):
    """A WebSocket whose frames are stamped as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._frames: deque[Frame] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._transport: WSTransport | None = None
        self._gone = False

    @classmethod
    async def open(cls, port: int, path: str, subprotocol: str | None = None) -> Self:
        """Connect."""
        headers = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else None
        _, socket = await ws_connect(cls, f"ws://{HOST}:{port}{path}", extra_headers=headers)
        assert isinstance(socket, cls)
        return socket

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Stamp and keep a message; close when told to."""
        if frame.msg_type in (WSMsgType.BINARY, WSMsgType.TEXT):
            self._frames.append(Frame(perf_counter(), frame.get_payload_as_bytes()))
            self._wake()
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Let nobody wait for more."""
        self._gone = True
        self._wake()

    def send(self, payload: bytes, *, text: bool = False) -> float:
        """Send one message; return the moment (`perf_counter`) before it."""
        assert self._transport is not None
        at = perf_counter()
        self._transport.send(WSMsgType.TEXT if text else WSMsgType.BINARY, payload)
        return at

    async def next(self) -> Frame:
        """Return the next message; raises Unexpected once there will be none."""
        while not self._frames:
            if self._gone:
                raise Unexpected("the socket was closed")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._frames.popleft()

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
