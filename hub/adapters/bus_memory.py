"""The bus of a hub that is one process."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

Topic = TypeVar("Topic", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rings(Generic[Topic]):
    """Who is to be called about which topic."""

    by_topic: dict[Topic, list[Callable[[], None]]] = field(default_factory=dict)

    def add(self, topic: Topic, ring: Callable[[], None]) -> None:
        """Call *ring* on each nudge from now on."""
        self.by_topic.setdefault(topic, []).append(ring)

    def remove(self, topic: Topic, ring: Callable[[], None]) -> None:
        """Undo one `add`."""
        rings = self.by_topic[topic]
        rings.remove(ring)
        if not rings:
            del self.by_topic[topic]

    def call(self, topic: Topic) -> int:
        """Call everybody on *topic*; return how many they were."""
        rings = self.by_topic.get(topic, ())
        # A copy: whoever is called may leave at once.
        for ring in tuple(rings):
            try:
                ring()
            except Exception:
                # One broken listener must not cost the others their nudge.
                log.exception("bus.ring_failed")
        return len(rings)

    def call_all(self) -> None:
        """Call everybody on every topic."""
        for topic in tuple(self.by_topic):
            self.call(topic)


class MemoryBus:
    """Nudges within one process; always up."""

    def __init__(self) -> None:
        self._rings: Rings[str] = Rings()

    @property
    def is_up(self) -> bool:
        """There is nothing that could fail."""
        return True

    async def publish(self, *topics: str) -> list[int | None]:
        """Nudge; return how many listen to each."""
        return [self._rings.call(topic) for topic in topics]

    def listen(self, *topics: str, ring: Callable[[], None]) -> "Listening":
        """Call *ring* on each nudge to *topics* until the context ends."""
        return Listening(self._rings, topics, ring)

    async def listeners(self, *topics: str) -> list[int | None]:
        """Return how many listen to each."""
        return [len(self._rings.by_topic.get(topic, ())) for topic in topics]


@dataclass(frozen=True, slots=True)
class Listening:
    """One `listen`: a class, because a generator would cost each idle socket a frame."""

    rings: Rings[str]
    topics: tuple[str, ...]
    ring: Callable[[], None]

    async def __aenter__(self) -> None:
        for topic in self.topics:
            self.rings.add(topic, self.ring)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for topic in self.topics:
            self.rings.remove(topic, self.ring)
