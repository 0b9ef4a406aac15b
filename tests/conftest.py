"""Fixtures that every kind of test may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.running import RunningHub, sqlite_hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub of one process on SQLite and the in-process bus."""
    async with sqlite_hub(tmp_path) as running:
        yield running
