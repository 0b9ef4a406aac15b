"""What a line in a test tells, and chance that does not make it wait."""

import asyncio
import random
from typing import TypeVar

from mobile_sim import events
from tests.sim.other_side import WITHIN_S

E = TypeVar("E")


class Heard:
    """The line's events, one after the other."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[events.Event] = asyncio.Queue()
        self.all: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.all.append(event)
        self.queue.put_nowait(event)

    async def until(self, kind: type[E]) -> E:
        async with asyncio.timeout(WITHIN_S):
            while True:
                event = await self.queue.get()
                if isinstance(event, kind):
                    return event


class Soon(random.Random):
    """Chance that never waits."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0
