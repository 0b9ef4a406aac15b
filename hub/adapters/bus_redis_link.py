"""One connection to Redis: writes of a loop tick together, answers as they come, silence noticed.

redis-py makes the connection (TLS, passwords). Its clients are not used: they connect again behind one's
back, and a subscription made meanwhile is silently lost. A link connects once: broken, it is thrown away,
and its owner starts over with a new one.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

CONNECT_WITHIN_S = 1.0
BEAT_S = 0.5
SILENT_BEATS = 3

BEAT = b"hub"
# The second is the form of a connection that is subscribed to something (RESP2).
BEAT_ANSWERS: tuple[object, ...] = (BEAT, [b"pong", BEAT])


class LinkBroken(Exception):
    """The connection is of no more use."""


class Link:
    """A connection whose answers go to *heard*, an error in Redis's answer included."""

    def __init__(self, connection: AbstractConnection, heard: Callable[[object], None]) -> None:
        self._connection = connection
        self._heard = heard
        self._outbox: list[bytes] = []
        self._filled = asyncio.Event()
        self._silent_beats = 0

    async def open(self) -> None:
        """Connect and log in; raises what redis-py raises, and TimeoutError."""
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self._connection.connect()  # type: ignore[no-untyped-call]  # has none

    async def close(self) -> None:
        """Drop the connection without a farewell, which a frozen server would not take."""
        await self._connection.disconnect(nowait=True)

    def send(self, *command: str | bytes | int) -> None:
        """Write *command* with whatever else this loop tick has to say."""
        self._outbox += self._connection.pack_command(*command)
        self._filled.set()

    async def run(self) -> None:
        """Read and write until the connection breaks, which raises."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._write())
            group.create_task(self._beat())

    async def _read(self) -> None:
        while True:
            answer: object
            try:
                answer = await self._connection.read_response(disconnect_on_error=False, push_request=True)
            except ResponseError as error:
                answer = error
            self._silent_beats = 0
            if answer not in BEAT_ANSWERS:
                self._heard(answer)

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            commands, self._outbox = self._outbox, []
            # Otherwise redis-py would connect again.
            if not self._connection.is_connected:
                raise LinkBroken("The connection was closed")
            await self._connection.send_packed_command(commands, check_health=False)

    async def _beat(self) -> None:
        # Counted in beats, not read off a clock: a process that was held up must not blame Redis.
        while self._silent_beats < SILENT_BEATS:
            self._silent_beats += 1
            self.send("PING", BEAT)
            await asyncio.sleep(BEAT_S)
        raise LinkBroken(f"No answer for {BEAT_S * SILENT_BEATS} s")


@dataclass(slots=True, eq=False)
class Question:
    """Commands that were sent, and the answers so far."""

    outstanding: int
    answered: asyncio.Future[list[object] | None]
    answers: list[object] = field(default_factory=list)


class Commands:
    """A link on which each command has one answer, in order."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.link = Link(connection, self._heard)
        self.answers = 0
        self._questions: deque[Question] = deque()

    def ask(self, *commands: tuple[str | bytes | int, ...]) -> asyncio.Future[list[object] | None]:
        """Send *commands*, at least one; return their answers to be, None if the link is given up."""
        answered: asyncio.Future[list[object] | None] = asyncio.get_running_loop().create_future()
        for command in commands:
            self.link.send(*command)
        self._questions.append(Question(len(commands), answered))
        return answered

    def give_up(self) -> None:
        """Let nobody wait any longer."""
        while self._questions:
            answered = self._questions.popleft().answered
            if not answered.done():
                answered.set_result(None)

    def _heard(self, answer: object) -> None:
        self.answers += 1
        question = self._questions[0]
        question.answers.append(answer)
        question.outstanding -= 1
        if question.outstanding == 0:
            self._questions.popleft()
            # Done already where the asker ran out of patience.
            if not question.answered.done():
                question.answered.set_result(question.answers)
