"""Hubs for tests of routes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.running import RunningHub, sqlite_hub


@pytest.fixture
async def open_hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub as for load tests: ``HUB_RATE_LIMITS=off``."""
    async with sqlite_hub(tmp_path, rate_limits="off") as running:
        yield running
