"""What slows down whoever asks too often, as tables of how long."""

from datetime import timedelta

import pytest

from hub.domain.errors import RateLimited
from hub.domain.throttle import Lane, Pressure, PushPressure, TryPressure
from tests.builders import NOW

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("endings", "wait_s"),
    [(0, None), (1, None), (2, 10), (3, 20), (4, 40), (5, 80), (10, 2560), (11, 3600), (500, 3600)],
)
def test_waits_begin_with_the_second_ending_and_double_up_to_an_hour(
    endings: int, wait_s: int | None
) -> None:
    pressure = PushPressure()
    for _ in range(endings):
        pressure = pressure.failed(NOW)

    assert pressure.wait_until == (None if wait_s is None else NOW + timedelta(seconds=wait_s))


def test_a_denial_counts_as_an_ending_too() -> None:
    assert PushPressure().failed(NOW).denied(NOW).wait_until == NOW + 10 * SECOND


def test_three_denials_in_a_quarter_of_an_hour_mute() -> None:
    two = PushPressure().denied(NOW).denied(NOW + 7 * MINUTE)

    third_at = NOW + 15 * MINUTE - SECOND
    assert two.muted_until is None
    assert two.denied(third_at).muted_until == third_at + 15 * MINUTE
    assert two.denied(NOW + 15 * MINUTE).muted_until is None


def test_a_mute_is_twice_as_long_each_time_up_to_a_day() -> None:
    pressure, mutes = PushPressure(), []
    for _ in range(9):
        for _ in range(3):
            pressure = pressure.denied(NOW)
        assert pressure.muted_until is not None
        mutes.append(pressure.muted_until - NOW)

    assert mutes[:4] == [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR]
    assert mutes[-1] == 24 * HOUR


def test_denials_before_a_mute_do_not_count_towards_the_next() -> None:
    muted = PushPressure().denied(NOW).denied(NOW).denied(NOW)

    assert muted.denied(NOW).denied(NOW).muted_until == NOW + 15 * MINUTE
    assert muted.denied(NOW).denied(NOW).mutes == 1


@pytest.mark.parametrize(
    ("wrong", "wait_s"),
    [(0, 0), (4, 0), (5, 5), (6, 10), (7, 20), (12, 640), (13, 900), (99, 900), (100, 86400), (101, 86400)],
)
def test_wrong_passwords_wait_ever_longer_and_a_hundred_stop(wrong: int, wait_s: int) -> None:
    tries = TryPressure(wrong, NOW)

    tries.check(NOW + wait_s * SECOND)
    if wait_s:
        with pytest.raises(RateLimited) as refused:
            tries.check(NOW)
        assert refused.value.retry_after_s == wait_s


def test_a_try_counts_and_starts_its_wait_anew() -> None:
    tries = TryPressure(4, NOW).failed(NOW + MINUTE)

    assert tries == TryPressure(5, NOW + MINUTE)
    with pytest.raises(RateLimited):
        tries.check(NOW + MINUTE + 4 * SECOND)


def test_lanes_are_counted_apart() -> None:
    attacked = (
        Pressure().with_push(Lane.ANY, PushPressure(9, NOW)).with_password(Lane.ANY, TryPressure(9, NOW))
    )

    assert attacked.of_push(Lane.KNOWN) == PushPressure()
    assert attacked.of_password(Lane.KNOWN) == TryPressure()
    assert attacked.of_push(Lane.ANY).failures == 9
    assert attacked.of_password(Lane.ANY).failures == 9


def test_a_success_frees_its_own_lane_and_a_match_reopens_the_password() -> None:
    both = Pressure()
    for lane in Lane:
        both = both.with_push(lane, PushPressure(3, NOW)).with_password(lane, TryPressure(9, NOW))

    plain = both.approved(Lane.ANY, with_match=False)
    matched = both.approved(Lane.ANY, with_match=True)

    assert plain.of_push(Lane.ANY) == matched.of_push(Lane.ANY) == PushPressure()
    assert plain.of_push(Lane.KNOWN) == matched.of_push(Lane.KNOWN) == PushPressure(3, NOW)
    assert plain.password == both.password
    assert matched.password == {}


def test_three_may_be_open_at_once_and_one_in_a_known_browser() -> None:
    assert {lane: lane.open_challenges for lane in Lane} == {Lane.ANY: 3, Lane.KNOWN: 1}
