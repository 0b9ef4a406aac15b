"""What leaves the machine, played: names that lead where they should not, and servers that are not kind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from hub.server import listen


@dataclass
class Names:
    """A resolver: each question gets the next answer, and the last one from then on."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> list[str]:
        """Answer."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Network(AsyncNetworkBackend):
    """A network that reaches nobody, and keeps who was called."""

    called: list[tuple[str, int]] = field(default_factory=list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Fail."""
        self.called.append((host, port))
        raise ConnectError("nobody is there")


@dataclass
class Server:
    """Something that listens on loopback."""

    origin: str
    touched: int = 0


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[Server]:
    """Listen; *talk* is what it says to each connection."""
    with listen("127.0.0.1", 0) as listening:
        running = Server(f"http://127.0.0.1:{listening.getsockname()[1]}")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            running.touched += 1
            try:
                await talk(reader, writer)
            except ConnectionError:
                pass
            finally:
                writer.close()

        async with await asyncio.start_server(serve, sock=listening):
            yield running


@asynccontextmanager
async def something_internal() -> AsyncIterator[Server]:
    """A server that must not be touched."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\nsecret")
        await writer.drain()

    async with server(talk) as running:
        yield running


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take all that comes, and say nothing."""
    while await reader.read(4096):
        pass


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak no HTTP."""
    writer.write(b"220 mail.example.org ESMTP\r\n")
    await writer.drain()


async def without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse in very many words."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b"na " * 341 + b"n\r\n")
        await writer.drain()


async def drop_by_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never come to the end of the first line."""
    for letter in b"HTTP/1.1 201 Created" + b"d" * 10_000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)
