"""The loop of one socket: frames, bells and the time, none of which may cost another."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.protocol import Close, Subprotocol, Wire
from hub.sockets.closing import TooManyFrames
from hub.sockets.serve import FRAMES_AT_ONCE, FRAMES_PER_S, Connection, FrameBudget, Gone, serve

A_BLINK_S = 0.01


@dataclass
class Peer:
    """The server's side of a connection."""

    sends: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    gets: list[Any] = field(default_factory=list)

    async def send(self, message: Any) -> None:
        self.gets.append(message)

    def connection(self) -> Connection:
        return Connection(self.sends.get, self.send, Subprotocol.DEVICE_JSON)

    def says(self, text: str) -> None:
        self.sends.put_nowait({"type": "websocket.receive", "text": text})


async def test_frames_come_in_order() -> None:
    peer = Peer()
    connection = peer.connection()
    peer.says("first")
    peer.says("second")

    assert [await connection.frame(1), await connection.frame(1)] == ["first", "second"]


async def test_the_time_ends_a_wait() -> None:
    assert await Peer().connection().frame(A_BLINK_S) is None


async def test_a_bell_ends_a_wait() -> None:
    connection = Peer().connection()
    waiting = asyncio.ensure_future(connection.frame(60))
    await asyncio.sleep(0)

    connection.ring()

    assert await asyncio.wait_for(waiting, 1) is None


async def test_a_bell_before_the_wait_is_not_lost() -> None:
    connection = Peer().connection()
    connection.ring()
    connection.ring()

    assert await asyncio.wait_for(connection.frame(60), 1) is None
    assert await connection.frame(A_BLINK_S) is None


async def test_a_frame_that_comes_with_a_bell_is_not_lost() -> None:
    peer = Peer()
    connection = peer.connection()
    waiting = asyncio.ensure_future(connection.frame(60))
    await asyncio.sleep(0)

    peer.says("hello")
    connection.ring()
    got = [await waiting, await connection.frame(A_BLINK_S)]

    assert "hello" in got


async def test_a_bell_that_rings_as_the_time_runs_out_is_no_error() -> None:
    connection = Peer().connection()
    loop = asyncio.get_running_loop()
    rung = loop.create_future()

    def ring() -> None:
        try:
            connection.ring()
        except Exception as error:
            rung.set_exception(error)
        else:
            rung.set_result(None)

    waiting = asyncio.ensure_future(connection.frame(A_BLINK_S))
    await asyncio.sleep(0)
    loop.call_later(2 * A_BLINK_S, ring)
    # A busy moment, after which both come due in the same turn of the loop.
    loop.call_soon(time.sleep, 5 * A_BLINK_S)

    assert await waiting is None
    await rung


async def test_a_peer_that_hung_up_is_gone() -> None:
    peer = Peer()
    peer.sends.put_nowait({"type": "websocket.disconnect", "code": 1001})

    with pytest.raises(Gone):
        await peer.connection().frame(1)


async def test_what_nobody_foresaw_closes_with_1011() -> None:
    peer = Peer()

    async def talk(_: Connection) -> None:
        raise ZeroDivisionError

    await serve(peer.connection(), talk)

    assert peer.gets == [{"type": "websocket.close", "code": int(Close.INTERNAL_ERROR)}]


async def test_nobody_is_told_why_who_is_gone() -> None:
    peer = Peer()

    async def talk(_: Connection) -> None:
        raise Gone

    await serve(peer.connection(), talk)

    assert peer.gets == []


async def test_a_send_that_fails_means_that_the_peer_is_gone() -> None:
    class Hello(Wire):
        type: str = "hello"

    async def broken(_: Any) -> None:
        raise OSError

    connection = Connection(Peer().sends.get, broken, Subprotocol.DEVICE_JSON)

    with pytest.raises(Gone):
        await connection.say([Hello()])


def test_a_budget_of_frames_fills_up_again() -> None:
    budget = FrameBudget()
    for _ in range(FRAMES_AT_ONCE):
        budget.spend(now=100.0)

    for _ in range(FRAMES_PER_S):
        budget.spend(now=101.0)

    with pytest.raises(TooManyFrames):
        budget.spend(now=101.0)


def test_a_budget_of_frames_does_not_grow_while_nobody_speaks() -> None:
    budget = FrameBudget()
    budget.spend(now=100.0)

    for _ in range(FRAMES_AT_ONCE):
        budget.spend(now=100_000.0)

    with pytest.raises(TooManyFrames):
        budget.spend(now=100_000.0)
