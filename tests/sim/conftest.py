"""A hub's other side and a phone's memory for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mobile_sim.state import StateFile
from tests.sim.other_side import FakeHub


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    async with FakeHub().running() as running:
        yield running


@pytest.fixture
def memory(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "phone" / "state.json")
