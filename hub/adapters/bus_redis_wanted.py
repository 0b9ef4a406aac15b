"""What this process listens to on Redis, whichever connection there is."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType

import structlog
from redis.exceptions import ResponseError

from hub.adapters.bus_memory import Rings
from hub.adapters.bus_redis_link import Link

log = structlog.get_logger(__name__)

BATCH = 500
STANDS_WITHIN_S = 2.0


class Wanted:
    """The wanted set: it outlives connections, and is subscribed to in full on each new one.

    Redis answers in order, so the last channel of the first round, *barrier*, tells that all of it stands.
    """

    def __init__(self, barrier: bytes, on_standing: Callable[[], None]) -> None:
        self._barrier = barrier
        self._on_standing = on_standing
        self._rings: Rings[bytes] = Rings()
        self._link: Link | None = None
        # Of the present link: what was subscribed to, and how many of those were not confirmed yet.
        self._sent: set[bytes] = set()
        self._unconfirmed: dict[bytes, int] = {}
        # Channels that came or went in this loop tick.
        self._changed: set[bytes] = set()
        self._waiting: dict[bytes, list[asyncio.Future[None]]] = {}

    def attach(self, link: Link) -> None:
        """Subscribe to everything on a new link; `on_standing` is called when it stands."""
        self._link = link
        self._subscribe(link, [*self._rings.by_topic, self._barrier])

    def detach(self) -> None:
        """Forget the link and let nobody wait for it."""
        self._link = None
        self._sent.clear()
        self._unconfirmed.clear()
        self._changed.clear()
        for channel in tuple(self._waiting):
            self._let_go(channel)

    def add(self, channel: bytes, ring: Callable[[], None]) -> None:
        """Want *channel*, for *ring*."""
        self._rings.add(channel, ring)
        self._change(channel)

    def remove(self, channel: bytes, ring: Callable[[], None]) -> None:
        """Undo one `add`."""
        self._rings.remove(channel, ring)
        self._change(channel)

    def ring_all(self) -> None:
        """Let everybody look again."""
        self._rings.call_all()

    async def stand(self, channels: Sequence[bytes]) -> None:
        """Return once Redis has confirmed *channels*, there is no link, or it takes too long."""
        waits = [future for channel in channels if (future := self._wait_for(channel))]
        try:
            async with asyncio.timeout(STANDS_WITHIN_S):
                for future in waits:
                    await future
        except TimeoutError:
            # Still wanted; its listener looks at each heartbeat, and is rung when the link is made again.
            log.warning("bus.subscription_slow", channels=len(channels))

    def heard(self, answer: object) -> None:
        """Take what Redis says; raises where it refuses."""
        match answer:
            case [b"message", bytes(channel), _]:
                self._rings.call(channel)
            case [b"subscribe", bytes(channel), _]:
                self._confirm(channel)
            case ResponseError():
                raise answer
            case _:
                pass  # a channel was left

    def _wait_for(self, channel: bytes) -> asyncio.Future[None] | None:
        if self._link is None or (channel in self._sent and channel not in self._unconfirmed):
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(channel, []).append(future)
        return future

    def _change(self, channel: bytes) -> None:
        if self._link is None:
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._catch_up)
        self._changed.add(channel)

    def _catch_up(self) -> None:
        """Make the subscriptions what is wanted, with as few commands as that takes."""
        changed, self._changed = self._changed, set()
        if self._link is None:
            return
        wanted = self._rings.by_topic.keys()
        joined = [channel for channel in changed if channel in wanted and channel not in self._sent]
        self._subscribe(self._link, joined)
        unwanted = [channel for channel in changed if channel not in wanted]
        left = [channel for channel in unwanted if channel in self._sent]
        self._sent.difference_update(left)
        for batch in batches(left):
            self._link.send("UNSUBSCRIBE", *batch)
        for channel in unwanted:
            self._let_go(channel)

    def _subscribe(self, link: Link, channels: list[bytes]) -> None:
        self._sent.update(channels)
        for channel in channels:
            # A count: one who leaves and comes back at once must not be content with the first confirmation.
            self._unconfirmed[channel] = self._unconfirmed.get(channel, 0) + 1
        for batch in batches(channels):
            link.send("SUBSCRIBE", *batch)

    def _confirm(self, channel: bytes) -> None:
        outstanding = self._unconfirmed.pop(channel, 0) - 1
        if outstanding > 0:
            self._unconfirmed[channel] = outstanding
            return
        if outstanding < 0:
            # Nobody asked: a proxy in between has lost its connection and made another.
            self._rings.call(channel)
        self._let_go(channel)
        if channel == self._barrier:
            self._on_standing()

    def _let_go(self, channel: bytes) -> None:
        for future in self._waiting.pop(channel, ()):
            if not future.done():
                future.set_result(None)


@dataclass(frozen=True, slots=True)
class Listening:
    """One `listen`: wanted while the context lasts."""

    wanted: Wanted
    channels: tuple[bytes, ...]
    ring: Callable[[], None]

    async def __aenter__(self) -> None:
        for channel in self.channels:
            self.wanted.add(channel, self.ring)
        try:
            await self.wanted.stand(self.channels)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        for channel in self.channels:
            self.wanted.remove(channel, self.ring)


def batches(channels: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield *channels* in lists short enough that no command holds Redis up."""
    remaining = iter(channels)
    while batch := list(islice(remaining, BATCH)):
        yield batch
