"""The floor: the hub's own hops with nothing else, as fast as Python does them.

picows and raw RESP on uvloop, everything in memory, one ES256 verification; no policy, no PIN, no audit,
nothing durable. What the hub takes beyond this is the price of what it does: see docs/performance.md.

``POST /login`` takes MessagePack ``[device, browser]``: a challenge goes by Redis to the socket
``/d/{device}``, the answer ``[challenge, signature]`` from there is verified and goes by Redis to the socket
``/b/{browser}``.
``POST /done`` answers and does nothing. Ids are 8 ASCII characters.
"""

import argparse
import asyncio
import gc
import os
from pathlib import Path
from typing import cast

import hiredis
import msgpack
import uvloop
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

HOST = "127.0.0.1"
ID_LENGTH = 8
BACKLOG = 4096
SIGNATURE = ec.ECDSA(SHA256())
DEVICE, BROWSER = b"d", b"b"
CONTEXT = ("bank.example", "203.0.113.7", "Oslo, NO", 42)

Peers = dict[bytes, WSTransport]


class Redis(asyncio.Protocol):
    """A connection to Redis: nudges in, or commands out."""

    def __init__(self, floor: "Floor") -> None:
        self._floor = floor
        self._reader = hiredis.Reader()
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's own does not say that it is one

    def data_received(self, data: bytes) -> None:
        """Route each message to its socket."""
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            if type(answer) is list and answer[0] == b"message":
                self._floor.deliver(answer[2])

    def send(self, *words: bytes) -> None:
        """Send one command."""
        assert self.transport is not None
        command = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        self.transport.write(b"*%d\r\n%b" % (len(words), command))


class Http(asyncio.Protocol):
    """The two calls, on a connection that is kept."""

    def __init__(self, floor: "Floor") -> None:
        self._floor = floor
        self._read = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(
            "asyncio.WriteTransport", transport
        )  # uvloop's own does not say that it is one

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        assert self._transport is not None
        data = self._read + data if self._read else data
        head, found, body = data.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            self._read = data
            return
        self._read = b""
        said = self._floor.login(body) if head.startswith(b"POST /login ") else b"ok"
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))


class Socket(WSListener):
    """A phone's or a browser's socket."""

    def __init__(self, floor: "Floor", path: bytes) -> None:
        super().__init__()
        self._floor = floor
        self._peers = floor.devices if path.startswith(b"/d/") else floor.browsers
        self._id = path[3 : 3 + ID_LENGTH]

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Be found by id."""
        self._peers[self._id] = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Be found no longer."""
        if self._peers.get(self._id) is transport:
            del self._peers[self._id]

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take an answer."""
        if frame.msg_type == WSMsgType.BINARY:
            self._floor.answer(self._id, frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()


class Floor:
    """Who is connected, what was asked, and the one key that all phones of the benchmark share."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        self._channel = b"floor:%d" % os.getpid()
        self._asked: dict[bytes, tuple[bytes, bytes, bytes]] = {}
        self._commands = Redis(self)
        self._nudges = Redis(self)
        self.devices: Peers = {}
        self.browsers: Peers = {}

    async def serve(self, ws_port: int, http_port: int, redis_port: int) -> None:
        """Serve until the process ends."""
        loop = asyncio.get_running_loop()
        for connection in (self._commands, self._nudges):
            await loop.create_connection(lambda made=connection: made, HOST, redis_port)  # type: ignore[misc]
        self._nudges.send(b"SUBSCRIBE", self._channel)

        def socket(request: WSUpgradeRequest) -> Socket:
            return Socket(self, bytes(request.path))

        await ws_create_server(socket, HOST, ws_port, backlog=BACKLOG, read_buffer_init_size=1024)
        server = await loop.create_server(lambda: Http(self), HOST, http_port, backlog=BACKLOG)
        gc.collect()
        gc.freeze()
        await server.serve_forever()

    def login(self, body: bytes) -> bytes:
        """Ask the phone; return the challenge's id."""
        device, browser = msgpack.unpackb(body)
        challenge, nonce = os.urandom(16), os.urandom(32)
        self._asked[challenge] = (device, browser, nonce)
        self._publish(DEVICE, device, msgpack.packb([challenge, nonce, *CONTEXT]))
        return challenge

    def answer(self, device: bytes, frame: bytes) -> None:
        """Verify a phone's answer and tell the browser."""
        challenge, signature = msgpack.unpackb(frame)
        asked = self._asked.pop(challenge, None)
        if asked is None or asked[0] != device:
            return
        try:
            self._key.verify(signature, challenge + asked[2], SIGNATURE)
        except InvalidSignature:
            return
        self._publish(BROWSER, asked[1], msgpack.packb([challenge, True]))

    def deliver(self, message: bytes) -> None:
        """Hand on what came by Redis."""
        peers = self.devices if message[:1] == DEVICE else self.browsers
        peer = peers.get(message[1 : 1 + ID_LENGTH])
        if peer is not None:
            peer.send(WSMsgType.BINARY, message[1 + ID_LENGTH :])

    def _publish(self, kind: bytes, who: bytes, message: bytes) -> None:
        self._commands.send(b"PUBLISH", self._channel, kind + who + message)


def _content_length(head: bytes) -> int:
    at = head.find(b"ontent-Length: ") + 15
    end = head.find(b"\r\n", at)
    return int(head[at : end if end >= 0 else None])


def main() -> None:
    """Serve on the ports given, as the benchmark starts it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for port in ("ws", "http", "redis"):
        parser.add_argument(f"--{port}-port", type=int, required=True)
    parser.add_argument("--public-key", type=Path, required=True, help="PEM of the phones' P-256 key")
    given = parser.parse_args()
    key = load_pem_public_key(given.public_key.read_bytes())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    uvloop.run(Floor(key).serve(given.ws_port, given.http_port, given.redis_port))


if __name__ == "__main__":
    main()
