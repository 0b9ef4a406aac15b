"""The bus of a hub of many processes: Redis publish and subscribe."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from hub.adapters.bus_redis_link import Commands, Link, LinkBroken
from hub.adapters.bus_redis_wanted import Listening, Wanted

log = structlog.get_logger(__name__)

UP_WITHIN_S = 1.0
ANSWER_WITHIN_S = 0.6
STALLED_S = 0.1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.4


class RedisBus:
    """Nudges through one Redis server, shared by all that use the same *prefix* on it.

    A context manager: within it a task keeps two connections (nudges in; commands out) and makes them again
    whenever they break. Down means that nobody touches the network but that task.
    """

    def __init__(self, url: str, prefix: str = "hub:") -> None:
        """Connect to nothing yet.

        Args:
            url: ``redis://`` or ``rediss://`` (TLS), as redis-py takes it.
            prefix: begins the name of every channel, and of every key of whoever asks through this bus.
        """
        # Waiting is bounded in bus_redis_link: redis-py's own bound costs a task for each command.
        self._pool = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        )
        self.prefix = prefix
        self._wanted = Wanted(prefix.encode(), self._come_up)
        self._tasks = asyncio.TaskGroup()
        self._supervisor: asyncio.Task[None] | None = None
        self._commands: Commands | None = None
        self._broken: asyncio.Future[None] | None = None
        self._up = asyncio.Event()
        self._pause_s = FIRST_PAUSE_S
        self._told = False
        self._ending = False

    async def __aenter__(self) -> Self:
        """Return when the bus is up, or a second later."""
        await self._tasks.__aenter__()
        self._supervisor = self._tasks.create_task(self._supervise())
        try:
            await self._wait_until_up()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        # Python 3.11 swallows a cancellation that meets a TaskGroup which is failing just then.
        self._ending = True
        if self._supervisor:
            self._supervisor.cancel()
        # Without the caller's error, which would be raised again inside an ExceptionGroup.
        await self._tasks.__aexit__(None, None, None)

    @property
    def is_up(self) -> bool:
        """Whether everything wanted is subscribed to and Redis answers."""
        return self._up.is_set()

    async def publish(self, *topics: str) -> list[int | None]:
        """Nudge; return how many processes listen to each, None where not known; at most 0.7 s."""
        answers = await self.ask(*(("PUBLISH", self.prefix + topic, b"") for topic in topics))
        if answers is None:
            return [None] * len(topics)
        return [answer if isinstance(answer, int) else None for answer in answers]

    def listen(self, *topics: str, ring: Callable[[], None]) -> Listening:
        """Call *ring* on each nudge to *topics*, and whenever the bus goes down or comes up."""
        return Listening(self._wanted, tuple((self.prefix + topic).encode() for topic in topics), ring)

    async def listeners(self, *topics: str) -> list[int | None]:
        """Return how many processes listen to each, None where not known."""
        if not topics:
            return []
        answers = await self.ask(("PUBSUB", "NUMSUB", *(self.prefix + topic for topic in topics)))
        match answers:
            case [[*names_and_counts]]:
                return [count if isinstance(count, int) else None for count in names_and_counts[1::2]]
            case _:
                return [None] * len(topics)

    async def ask(self, *commands: tuple[str | bytes | int, ...]) -> list[object] | None:
        """Send *commands* and return an answer to each (an error as an object), or None where there is none.

        Never waits for a Redis that is down, and at most 0.7 s for one that seems up.
        """
        link = self._commands
        if link is None or not self.is_up:
            return None
        if not commands:
            return []
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await link.ask(*commands)
        except TimeoutError:
            await self._doubt(link)
            return None

    async def _doubt(self, link: Commands) -> None:
        """Give the link up, unless it was this process that was held up, and answers lie ready."""
        answers = link.answers
        await asyncio.sleep(STALLED_S)
        if link is self._commands and link.answers == answers and self._broken and not self._broken.done():
            self._broken.set_exception(
                LinkBroken(f"No answer to a command for {ANSWER_WITHIN_S + STALLED_S} s")
            )
            self._go_down()

    async def _supervise(self) -> None:
        while not self._ending:
            # Broadly: redis-py breaks with AttributeError and RuntimeError as well.
            try:
                await self._connected()
            except Exception as error:
                self._tell(error)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _connected(self) -> None:
        """Connect and serve until something breaks, which raises."""
        commands = Commands(self._dial())
        nudges = Link(self._dial(), self._wanted.heard)
        self._broken = asyncio.get_running_loop().create_future()
        try:
            await commands.link.open()
            await nudges.open()
            self._commands = commands
            self._wanted.attach(nudges)
            async with asyncio.TaskGroup() as group:
                group.create_task(commands.link.run())
                group.create_task(nudges.run())
                await self._broken
        finally:
            self._go_down()
            commands.give_up()
            await commands.link.close()
            await nudges.close()

    def _dial(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # has none
        return connection

    def _come_up(self) -> None:
        if self._told:
            log.info("bus.up")
        self._told = False
        self._pause_s = FIRST_PAUSE_S
        self._up.set()
        # Whatever was said meanwhile was not heard.
        self._wanted.ring_all()

    def _go_down(self) -> None:
        was_up = self._up.is_set()
        self._up.clear()
        self._commands = None
        self._wanted.detach()
        if was_up:
            # From now on they look for themselves, once a second.
            self._wanted.ring_all()

    def _tell(self, error: Exception) -> None:
        if not self._told:
            log.warning("bus.down", reason=reason(error))
        self._told = True

    async def _wait_until_up(self) -> None:
        try:
            async with asyncio.timeout(UP_WITHIN_S):
                await self._up.wait()
        except TimeoutError:
            return


def reason(error: BaseException) -> str:
    """Return the first thing that went wrong, in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
