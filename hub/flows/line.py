"""A bounded line of what is to be done, each not before its time, nobody more than their share at once."""

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share:
    """Of what has the same *name*, *most* are done at once."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """Something whose turn it is; give it back by :meth:`Line.done`."""

    what: T
    shares: tuple[Share, ...] = ()


@dataclass(slots=True)
class Line(Generic[T]):
    """At most *waiting* wait, and *at_once* are being done."""

    waiting: int
    at_once: int
    _later: list[tuple[float, int, Turn[T]]] = field(default_factory=list)
    _ready: deque[Turn[T]] = field(default_factory=deque)
    _doing: Counter[str] = field(default_factory=Counter)
    _busy: int = 0
    _order: Iterator[int] = field(default_factory=count)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __len__(self) -> int:
        return len(self._later) + len(self._ready)

    def put(self, what: T, *, after_s: float = 0.0, shares: tuple[Share, ...] = ()) -> bool:
        """Let *what* wait for at least *after_s*; False where the line is full and it was not taken."""
        if len(self) >= self.waiting:
            return False
        due = asyncio.get_running_loop().time() + after_s
        heapq.heappush(self._later, (due, next(self._order), Turn(what, shares)))
        self._changed.set()
        return True

    async def next(self) -> Turn[T]:
        """Wait until it is something's turn; return it."""
        while True:
            self._changed.clear()
            due_in_s = self._call_up()
            turn = self._first_that_fits()
            if turn is not None:
                self._busy += 1
                self._doing.update(share.name for share in turn.shares)
                return turn
            try:
                async with asyncio.timeout(due_in_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def done(self, turn: Turn[T]) -> None:
        """Make room for others."""
        self._busy -= 1
        for share in turn.shares:
            self._doing[share.name] -= 1
            if not self._doing[share.name]:
                del self._doing[share.name]
        self._changed.set()

    def _call_up(self) -> float | None:
        """Move what is due; return in how many seconds the next will be, or None."""
        now = asyncio.get_running_loop().time()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        return self._later[0][0] - now if self._later else None

    def _first_that_fits(self) -> Turn[T] | None:
        if self._busy >= self.at_once:
            return None
        for place, turn in enumerate(self._ready):
            if all(self._doing[share.name] < share.most for share in turn.shares):
                del self._ready[place]
                return turn
        return None
