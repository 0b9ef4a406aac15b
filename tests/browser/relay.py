"""What stands between a browser and a hub that comes and goes: a relay on an address of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Relay:
    """Passes bytes to wherever the hub is now; without one it hangs up. *sockets*: WebSockets too."""

    url: str = ""
    hub: str | None = None
    sockets: bool = True
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Hang up on everybody, and on whoever comes; what a browser keeps open would still get through."""
        self.hub = None
        for writer in self.open:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        self.open.add(writer)
        with contextlib.closing(writer), contextlib.ExitStack() as stack:
            stack.callback(self.open.discard, writer)
            if self.hub is None:
                return
            # A browser opens a connection of its own for each WebSocket.
            first = await reader.read(65536)
            if not self.sockets and b"upgrade: websocket" in first.lower():
                return
            address = urlsplit(self.hub)
            try:
                upstream, out = await asyncio.open_connection(address.hostname, address.port)
            except OSError:
                return
            with contextlib.closing(out):
                out.write(first)
                async with asyncio.TaskGroup() as both:
                    there = both.create_task(_pour(reader, out))
                    back = both.create_task(_pour(upstream, writer))
                    await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
                    there.cancel()
                    back.cancel()


async def _pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            into.write(data)
            await into.drain()


@asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    """Listen on a free port of loopback while the context is open."""
    made = Relay()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
