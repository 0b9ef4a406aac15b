"""A proxy that ends TLS in front of a hub, as Caddy does: it says who asks, and passes WebSockets through."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import LOOPBACK

CLIENT = "203.0.113.9"
"""Where everybody seems to come from who comes this way."""
ENOUGH = 65536


@dataclass
class TlsFront:
    """Where it listens, and where it leads once that is known."""

    port: int = 0
    leads_to: int | None = None
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """What is public of the hub behind."""
        return f"https://localhost:{self.port}"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def end(self) -> None:
        """Drop every connection."""
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection through, one request on each."""
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            there, back = await asyncio.open_connection(LOOPBACK, self.leads_to)
            with closing(back):
                back.write(_forwarded(head))
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(_pass(reader, back))
                    ways.create_task(_pass(there, writer))


def _forwarded(head: bytes) -> bytes:
    """Return a request's head with what a proxy says of it; only what is upgraded outlives its answer."""
    lines = head.rstrip(b"\r\n").split(b"\r\n")
    upgrades = any(line.lower().startswith(b"upgrade:") for line in lines)
    kept = [line for line in lines if upgrades or not line.lower().startswith(b"connection:")]
    said = [f"X-Forwarded-For: {CLIENT}".encode(), b"X-Forwarded-Proto: https"]
    return b"\r\n".join([*kept, *said, *([] if upgrades else [b"Connection: close"]), b"", b""])


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(ENOUGH):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def tls_front(certificate: Path, key: Path) -> AsyncIterator[TlsFront]:
    """Listen on a free port while the context is open."""
    front = TlsFront()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with await asyncio.start_server(front.accept, LOOPBACK, 0, ssl=context) as server:
        front.port = server.sockets[0].getsockname()[1]
        try:
            yield front
        finally:
            await front.end()
