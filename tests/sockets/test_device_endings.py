"""How a phone's socket ends though nobody hung up, and how peers that misbehave are borne (PROTOCOL §2)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from hub.domain.account import UserStatus
from hub.domain.ids import DeviceId
from hub.domain.limits import ANONYMOUS_SOCKETS_PER_IP
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from tests.running import JSON, LOGIN, MSGPACK, DeviceSocket, RunningHub, sqlite_hub, until
from tests.sockets.world import Someone, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
FRAME_MAX_BYTES = 16 * 1024


async def remove(who: Someone) -> None:
    """Remove the person's phone."""
    await who.hub.services.devices.remove(
        who.tenant.id, who.user.id, DeviceId(who.phone.id), actor=AT_THE_COMMAND_LINE.actor
    )


# Another connection, removal, blocking ------------------------------------------------------------------


@BOTH
async def test_the_newest_connection_of_a_device_wins(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as old, asked(who, subprotocol) as question:
        assert await old.closed() == 4409
        assert (await question.answer())["status"] == "approved"
        assert await who.sockets() == 1


async def test_who_only_knocks_does_not_push_out_the_one_inside(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question, who.phone.socket() as knocking:
        await knocking.next()
        await knocking.send({"type": "authenticate", "device_id": who.phone.id, "proof": "let me in"})

        assert await knocking.closed() == 4401
        assert (await question.answer())["status"] == "approved"


async def test_another_device_of_the_same_person_stays(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with other.connected() as first, asked(who) as question:
        assert (await first.until("challenge"))["id"] == question.id


@BOTH
async def test_removal_ends_the_socket_at_once(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        await remove(who)

        async with asyncio.timeout(1):
            assert await device.closed() == 4403


async def test_blocking_a_person_ends_the_sockets_of_all_phones(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with who.phone.connected() as first, other.connected() as second:
        await hub.services.administer.change_user(
            who.tenant.id, who.user.id, Changes(status=UserStatus.BLOCKED), by=AT_THE_COMMAND_LINE
        )

        assert [await first.closed(), await second.closed()] == [4401, 4401]


async def test_a_phone_that_hangs_up_is_not_listened_for_any_more(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.connected():
        listening = await who.sockets()

    assert listening == 1
    await until(lambda: _is_gone(who))


async def _is_gone(who: Someone) -> bool:
    return await who.sockets() == 0


# Too much -----------------------------------------------------------------------------------------------


def padded(subprotocol: str, size: int) -> bytes | str:
    """Return a readable frame of exactly *size* bytes."""
    if subprotocol == JSON:
        return '{"type":"knock","padding":"' + "x" * (size - 29) + '"}'
    head = b"\x82\xa4type\xa5knock\xa7padding\xda" + (size - 23).to_bytes(2, "big")
    return head + b"x" * (size - len(head))


@BOTH
async def test_a_frame_of_sixteen_kibibytes_is_read(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    frame = padded(subprotocol, FRAME_MAX_BYTES)
    async with who.phone.connected(subprotocol) as device:
        await device.connection.send(frame)

        assert len(frame) == FRAME_MAX_BYTES
        assert (await device.next())["code"] == "unknown_type"


@BOTH
@pytest.mark.parametrize("excess", [1, FRAME_MAX_BYTES, 2_000_000])
@pytest.mark.parametrize("inside", [True, False], ids=["after ready", "before ready"])
async def test_a_larger_frame_ends_it(hub: RunningHub, inside: bool, excess: int, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.socket(subprotocol) as device:
        await (device.authenticate() if inside else device.next())

        frame = b"x" * (FRAME_MAX_BYTES + excess)
        try:
            await device.connection.send(frame if subprotocol == MSGPACK else frame.decode())
        except ConnectionClosed:
            assert excess > 1, "the hub did not read what it was sent"

        assert await device.closed() == 1009


@BOTH
async def test_a_large_frame_in_pieces_ends_it_too(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    piece: Any = "x" * 6000 if subprotocol == JSON else b"x" * 6000
    async with who.phone.connected(subprotocol) as device:
        await device.connection.send([piece] * 3)

        assert await device.closed() == 1009


async def flood(device: DeviceSocket) -> None:
    """Send, and take what comes, until the hub has had enough."""
    with suppress(ConnectionClosed):
        for _ in range(2000):
            await device.send({"type": "knock"})
            await device.next()


@BOTH
async def test_a_flood_of_frames_ends_it(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        await flood(device)

        assert device.connection.close_code == 4429


async def test_a_busy_hour_of_an_honest_phone_is_no_flood(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.connected() as device:
        for _ in range(80):
            await device.send({"type": "knock"})
        told = [(await device.next())["code"] for _ in range(80)]

        assert told == ["unknown_type"] * 80


async def test_others_are_served_while_one_floods(hub: RunningHub) -> None:
    who, noisy = await someone(hub), await someone(hub)
    async with asked(who) as question, noisy.phone.connected() as flooding:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(flood(flooding))
            decided = await question.answer()

        assert decided["status"] == "approved"
        assert flooding.connection.close_code == 4429


@pytest.mark.parametrize("inside", [True, False], ids=["after ready", "before ready"])
async def test_text_that_is_no_utf8_ends_it(hub: RunningHub, inside: bool) -> None:
    who = await someone(hub)
    async with who.phone.socket(JSON) as device:
        await (device.authenticate() if inside else device.next())

        await device.connection.send(b'{"type":"\xff"}', text=True)

        # RFC 6455 section 8.1: this is the connection's failure, not a message.
        assert await device.closed() == 1007
        await until(lambda: _is_gone(who))


# Strangers ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def knocking(hub: RunningHub, path: str, subprotocol: str) -> AsyncIterator[ClientConnection]:
    """Connect and say nothing."""
    address = hub.url.replace("http", "ws", 1) + path
    async with websockets.connect(address, subprotocols=[subprotocol], proxy=None) as connection:
        yield connection


@pytest.mark.parametrize(("path", "subprotocol"), [("/ws/device", MSGPACK), ("/ws/login", LOGIN)])
async def test_an_address_has_so_many_sockets_that_say_not_who_they_are(
    tmp_path: Path, path: str, subprotocol: str
) -> None:
    async with sqlite_hub(tmp_path) as hub, AsyncExitStack() as stack:
        who = await someone(hub)
        # Neither a phone that is in nor a page that watches is counted.
        question = await stack.enter_async_context(asked(who))
        page = await stack.enter_async_context(question.browser.watching())
        await page.next()
        waiting = [
            await stack.enter_async_context(
                knocking(hub, *(("/ws/device", JSON) if each % 2 else ("/ws/login", LOGIN)))
            )
            for each in range(ANONYMOUS_SOCKETS_PER_IP)
        ]

        with pytest.raises(InvalidStatus) as refused:
            async with knocking(hub, path, subprotocol):
                pass

        assert ANONYMOUS_SOCKETS_PER_IP == len(waiting) == 25
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["Retry-After"]) >= 1
        await waiting[0].close()
        async with asyncio.timeout(5):
            while True:
                try:
                    async with who.phone.connected():
                        break
                except InvalidStatus:
                    continue


# Peers that vanish or dawdle ----------------------------------------------------------------------------


class Pinged(ClientConnection):
    """A connection that counts what it is pinged."""

    pings = 0

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


async def test_the_hub_pings_and_drops_who_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Real time, in a hurry: the heartbeat is the server's own.
    monkeypatch.setattr("hub.server.HEARTBEAT_S", 0.2)
    async with sqlite_hub(tmp_path) as hub:
        who = await someone(hub)
        address = hub.url.replace("http", "ws", 1) + "/ws/device"
        async with websockets.connect(
            address, subprotocols=[MSGPACK], compression=None, proxy=None, create_connection=Pinged
        ) as connection:
            device = DeviceSocket(who.phone, connection, MSGPACK)
            await device.authenticate()
            await until(lambda: connection.pings >= 3)
            answering = await who.sockets()

            connection.transport.pause_reading()
            await until(lambda: _is_gone(who))
            connection.transport.abort()

        assert answering == 1


@asynccontextmanager
async def narrow(who: Someone) -> AsyncIterator[DeviceSocket]:
    """Connect the person's phone over a line that holds little."""
    host, port = urlsplit(who.hub.url).hostname, urlsplit(who.hub.url).port
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, (host, port))
    async with websockets.connect(
        f"ws://{host}:{port}/ws/device",
        subprotocols=[MSGPACK],
        compression=None,
        proxy=None,
        sock=line,
        close_timeout=0.1,
    ) as connection:
        device = DeviceSocket(who.phone, connection, MSGPACK)
        await device.authenticate()
        yield device
        connection.transport.abort()


async def test_who_stops_reading_is_dropped_and_holds_up_nobody(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Real time, in a hurry: so long may one message take.
    monkeypatch.setattr("hub.sockets.serve.SEND_WITHIN_S", 2.0)
    who, slow = await someone(hub), await someone(hub)
    async with narrow(slow) as dawdler, asked(who) as question:
        dawdler.connection.transport.pause_reading()
        # Each is told that there is no such thing, by the whole of its name.
        for _ in range(60):
            await dawdler.send({"type": "ack", "id": "c" * 15_000})

        decided = await asyncio.wait_for(question.answer(), 1.8)
        still_there = await slow.sockets()
        await until(lambda: _is_gone(slow), 4)

        assert decided["status"] == "approved"
        assert still_there == 1
