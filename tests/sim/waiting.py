"""Waiting for a condition, bounded; each round lets everything else run."""

import asyncio
from collections.abc import Callable

from tests.sim.other_side import WITHIN_S


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as *condition* holds."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the screen has no event for "was drawn"
            await asyncio.sleep(0)
