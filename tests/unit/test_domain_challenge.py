"""A challenge's moves, all of them, and what is said of it as time goes by."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.domain.challenge import MOVES, Challenge, Delivery, Reason, Status
from hub.domain.errors import AlreadySettled
from hub.domain.ids import DeviceId
from tests.builders import NOW, a_challenge, a_login, a_tenant

PHONE, OTHER = DeviceId("dev_one"), DeviceId("dev_two")
ENDED = [status for status in Status if status is not Status.PENDING]


def challenge(**changes: Any) -> Challenge:
    """A pending challenge of two minutes."""
    return a_challenge(a_login(a_tenant()), **changes)


def moved(before: Challenge, to: Status, now: datetime) -> Challenge:
    """Move by the verb that leads to *to*."""
    match to:
        case Status.APPROVED:
            return before.approve(PHONE, "jws", now)
        case Status.DENIED:
            return before.deny(PHONE, "jws", now)
        case Status.CANCELLED:
            return before.cancel(now)
        case _:
            return before.expire()


def test_the_table_names_every_status_and_ends_but_one() -> None:
    assert set(MOVES) == set(Status)
    assert MOVES[Status.PENDING] == set(ENDED)
    assert all(not MOVES[status] for status in ENDED)


@pytest.mark.parametrize("to", ENDED)
def test_a_pending_challenge_can_end_in_every_way_and_forgets_its_digits(to: Status) -> None:
    after = moved(challenge(digits="v1:sealed"), to, NOW)

    assert after.status is to
    assert after.digits is None


@pytest.mark.parametrize("was", ENDED)
@pytest.mark.parametrize("to", ENDED)
def test_what_has_ended_stays_as_it_ended(was: Status, to: Status) -> None:
    over = challenge(status=was)

    with pytest.raises(AlreadySettled) as refused:
        moved(over, to, NOW)

    assert refused.value.status == was
    assert refused.value.about == over.id


@pytest.mark.parametrize("to", [Status.APPROVED, Status.DENIED, Status.CANCELLED])
def test_at_its_end_it_is_over_swept_or_not(to: Status) -> None:
    waiting = challenge()
    just_before = waiting.expires_at - timedelta(microseconds=1)

    in_time = moved(waiting, to, just_before)
    with pytest.raises(AlreadySettled) as refused:
        moved(waiting, to, waiting.expires_at)

    assert in_time.status is to
    assert refused.value.status == Status.EXPIRED
    assert waiting.status_at(just_before) is Status.PENDING
    assert waiting.status_at(waiting.expires_at) is Status.EXPIRED


def test_who_decided_and_how_is_kept() -> None:
    denied = challenge().deny(PHONE, "jws", NOW, Reason.WRONG_MATCH)

    assert (denied.decided_by, denied.decision, denied.decided_at) == (PHONE, "jws", NOW)
    assert denied.reason is Reason.WRONG_MATCH


def test_an_expiry_is_dated_by_the_end_and_not_by_the_sweeper() -> None:
    waiting = challenge()

    assert waiting.expire().decided_at == waiting.expires_at


def test_a_match_is_needed_as_long_as_there_are_digits() -> None:
    assert challenge(digits="v1:sealed").needs_match
    assert not challenge(digits=None).needs_match


@pytest.mark.parametrize(
    ("shown", "unreachable", "delivery"),
    [
        (None, None, Delivery.SENDING),
        (None, 0, Delivery.UNREACHABLE),
        (None, 1, Delivery.SENDING),
        (0, None, Delivery.SHOWN),
        (1, None, Delivery.SENDING),
        (0, 0, Delivery.SHOWN),
        (1, 0, Delivery.UNREACHABLE),
    ],
)
def test_delivery_is_what_the_two_moments_say(
    shown: int | None, unreachable: int | None, delivery: Delivery
) -> None:
    def at(seconds: int | None) -> datetime | None:
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    waiting = challenge(shown_at=at(shown), unreachable_at=at(unreachable))

    assert waiting.delivery_at(NOW) is delivery


def test_the_next_change_is_the_soonest_moment_ahead() -> None:
    soon, later = NOW + timedelta(seconds=1), NOW + timedelta(seconds=10)
    waiting = challenge(shown_at=soon, unreachable_at=later)

    assert waiting.next_change(NOW) == soon
    assert waiting.next_change(soon) == later
    assert waiting.next_change(later) == waiting.expires_at
    assert waiting.next_change(waiting.expires_at) is None
    assert waiting.cancel(NOW).next_change(NOW) is None


def test_only_who_denied_may_say_why_and_only_for_ten_minutes() -> None:
    denied = challenge().deny(PHONE, "jws", NOW)
    late = NOW + timedelta(minutes=10)

    assert denied.can_be_reported(PHONE, late - timedelta(microseconds=1))
    assert not denied.can_be_reported(PHONE, late)
    assert not denied.can_be_reported(OTHER, NOW)
    assert not challenge().can_be_reported(PHONE, NOW)
    assert not challenge().approve(PHONE, "jws", NOW).can_be_reported(PHONE, NOW)
