"""The floor as a subject: its phones share one key, and its challenges are MessagePack lists."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgpack
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.bench.floor import CONTEXT, SIGNATURE
from tests.bench.processes import Process, running
from tests.bench.subject import Login
from tests.bench.wire import Http, Socket, Unexpected
from tests.services import RedisServer, free_port


class FloorSubject:
    """Implements Subject."""

    name = "floor"

    def __init__(
        self, process: Process, key: ec.EllipticCurvePrivateKey, ws_port: int, http_port: int
    ) -> None:
        self.process = process
        self._key = key
        self._ws_port = ws_port
        self._http_port = http_port
        self._devices: list[Socket] = []

    @property
    def phones(self) -> int:
        """How many are connected."""
        return len(self._devices)

    async def connect(self, phones: int) -> None:
        """Connect phones."""
        for phone in range(phones):
            self._devices.append(await Socket.open(self._ws_port, f"/d/{_id(phone)}"))

    def disconnect(self) -> None:
        """Drop all phones."""
        for device in self._devices:
            device.close()

    async def browser(self) -> Http:
        """Open a browser's HTTP connection."""
        return await Http.open(self._http_port)

    async def ask(self, phone: int, browser: Http) -> Login:
        """Begin a login, and wait until the phone has the challenge."""
        body = msgpack.packb([_id(phone).encode(), _id(phone).encode()])
        answer = await browser.post("/login", body)
        frame = await self._devices[phone].next()
        card = msgpack.unpackb(frame.payload)
        if answer.status != 200 or card[0] != answer.body or tuple(card[2:]) != CONTEXT:
            raise Unexpected(f"asked {answer.body!r}, the phone shows {card!r}")
        return Login(phone, frame.at - browser.sent_at, card, answer.body)

    async def watch(self, login: Login) -> None:
        """Open the browser's socket."""
        login.page = await Socket.open(self._ws_port, f"/b/{_id(login.phone)}")

    async def show(self, login: Login) -> None:
        """Do nothing: the floor does not know of it."""

    def sign(self, login: Login, *, shown: bool) -> None:
        """Sign challenge and nonce."""
        challenge, nonce = login.card[:2]
        login.taps = [msgpack.packb([challenge, self._key.sign(challenge + nonce, SIGNATURE)])]

    async def tap(self, login: Login) -> float:
        """Approve; return the seconds until the browser hears of it."""
        assert login.page is not None
        (tap,) = login.taps
        at = self._devices[login.phone].send(tap)
        frame = await login.page.next()
        if msgpack.unpackb(frame.payload) != [login.answer, True]:
            raise Unexpected(f"the browser was told {frame.payload!r}")
        login.page.close()
        return frame.at - at

    async def complete(self, login: Login, browser: Http) -> None:
        """Make the call that in the hub makes the session."""
        if (await browser.post("/done", b"")).body != b"ok":
            raise Unexpected("no answer to the last call")


@asynccontextmanager
async def floor(folder: Path, redis: RedisServer, core: int, phones: int) -> AsyncIterator[FloorSubject]:
    """Run the floor and connect *phones*."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = folder / "floor.pem"
    pem.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ws_port, http_port = free_port(), free_port()
    ports = ["--ws-port", str(ws_port), "--http-port", str(http_port), "--redis-port", str(redis.port)]
    command = [sys.executable, "-m", "tests.bench.floor", *ports, "--public-key", str(pem)]
    async with AsyncExitStack() as stack:
        started = running(
            command, core=core, port=http_port, log=folder / "floor.log", PYTHONPATH=str(Path.cwd())
        )
        subject = FloorSubject(stack.enter_context(started), key, ws_port, http_port)
        stack.callback(subject.disconnect)
        await subject.connect(phones)
        yield subject


def _id(phone: int) -> str:
    return f"{phone:08d}"
