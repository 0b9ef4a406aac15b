"""After each close code the phone does what the contract says."""

import random

import pytest

from hub.protocol import Close
from mobile_sim.closing import AFTER, LONGEST_S, RESTART_S, Then, after, pause_s


@pytest.mark.parametrize(
    ("code", "then"),
    [
        (1000, Then.BACK_OFF),
        (1001, Then.BACK_OFF),
        (1006, Then.BACK_OFF),
        (1009, Then.BACK_OFF),
        (1012, Then.RESTART),
        (1013, Then.BACK_OFF),
        (4400, Then.BACK_OFF),
        (4401, Then.STOP),
        (4403, Then.FORGET),
        (4408, Then.BACK_OFF),
        (4409, Then.WAIT_FOR_PERSON),
        (4429, Then.BACK_OFF),
        (4999, Then.BACK_OFF),
        (None, Then.BACK_OFF),
    ],
)
def test_what_follows_a_close_code(code: int | None, then: Then) -> None:
    assert after(code) is then


def test_every_close_code_of_the_contract_has_its_row() -> None:
    assert set(AFTER) == set(Close)


def test_waits_grow_up_to_twenty_seconds_and_are_spread_over_all_of_that() -> None:
    chance = random.Random(7)

    waits = [[pause_s(Then.BACK_OFF, attempt, chance) for _ in range(200)] for attempt in range(40)]

    assert max(waits[0]) <= 0.2
    assert 10 < max(waits[10]) <= LONGEST_S
    assert max(waits[39]) <= LONGEST_S
    assert min(waits[39]) < 1


def test_after_a_restart_the_first_wait_is_spread_over_five_seconds() -> None:
    chance = random.Random(7)

    waits = [pause_s(Then.RESTART, 0, chance) for _ in range(500)]

    assert 4 < max(waits) <= RESTART_S
    assert min(waits) < 1
