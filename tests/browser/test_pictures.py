"""Pictures of every state, for a person to look at: in build/screenshots after each run."""

from pathlib import Path

import pytest

from tests.browser.gallery import STATES, photograph

FOLDER = Path(__file__).parents[2] / "build" / "screenshots"


@pytest.mark.slow
async def test_every_state_is_pictured_at_both_widths_in_light_and_dark() -> None:
    for old in FOLDER.glob("*.png"):
        old.unlink()

    await photograph(FOLDER)

    assert len(list(FOLDER.glob("*.png"))) == len(STATES) * 4
