"""A sign-in's moves, all of them, and what ends it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.domain.challenge import Status
from hub.domain.errors import LoginExpired, TooSoon, WrongStep
from hub.domain.factors import Factor
from hub.domain.ids import BrowserId, ChallengeId
from hub.domain.login import MOVES, PUSHES, Login, Step
from hub.domain.throttle import Lane
from tests.builders import NOW, a_login, a_tenant

CHALLENGE = ChallengeId("chl_one")
JUST_BEFORE = timedelta(microseconds=-1)


def login(**changes: Any) -> Login:
    """A sign-in that waits for a push."""
    return a_login(a_tenant(), **changes)


def moved(before: Login, to: Step) -> Login:
    """Move by the verb that leads to *to*."""
    match to:
        case Step.PUSH:
            return before.proven(Factor.PASSWORD, Step.PUSH, NOW)
        case Step.APPROVED:
            return before.approved_by_push(NOW, matched=True)
        case Step.DONE:
            return before.completed()
        case Step.FAILED:
            return before.failed(Status.DENIED)
        case Step.PASSWORD:
            return before.proven(Factor.PASSWORD, Step.PASSWORD, NOW)


@pytest.mark.parametrize("to", Step)
@pytest.mark.parametrize("was", Step)
def test_each_move_is_as_the_table_says(was: Step, to: Step) -> None:
    before = login(step=was)

    if to in MOVES[was]:
        assert moved(before, to).step is to
    else:
        with pytest.raises(WrongStep):
            moved(before, to)


def test_the_table_leads_from_password_to_done_and_never_back() -> None:
    assert {
        Step.PASSWORD: {Step.PUSH, Step.APPROVED, Step.FAILED},
        Step.PUSH: {Step.APPROVED, Step.FAILED},
        Step.APPROVED: {Step.DONE, Step.FAILED},
        Step.DONE: set(),
        Step.FAILED: set(),
    } == MOVES


def test_it_lives_ten_minutes_and_an_approval_one() -> None:
    waiting = login(step=Step.PUSH, expires_at=NOW + timedelta(minutes=10))
    approved = waiting.approved_by_push(NOW, matched=False)
    late = login(step=Step.PUSH, expires_at=NOW + timedelta(seconds=30)).approved_by_push(NOW, matched=False)

    assert waiting.ends_at == NOW + timedelta(minutes=10)
    assert approved.ends_at == NOW + timedelta(seconds=60)
    assert late.ends_at == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("step", Step)
def test_time_ends_only_what_can_still_move(step: Step) -> None:
    before = login(step=step)

    at_the_end = before.at(before.ends_at)

    assert before.at(before.ends_at + JUST_BEFORE) == before
    if MOVES[step]:
        assert (at_the_end.step, at_the_end.outcome) == (Step.FAILED, Status.EXPIRED)
    else:
        assert at_the_end == before


@pytest.mark.parametrize(
    ("step", "outcome", "is_over", "resolution"),
    [
        (Step.PASSWORD, None, False, None),
        (Step.PUSH, None, False, None),
        (Step.APPROVED, None, True, Status.APPROVED),
        (Step.DONE, Status.APPROVED, True, Status.APPROVED),
        (Step.FAILED, Status.DENIED, True, Status.DENIED),
        (Step.FAILED, Status.CANCELLED, True, Status.CANCELLED),
        (Step.FAILED, Status.EXPIRED, True, Status.EXPIRED),
    ],
)
def test_the_last_word_is_how_it_ended(
    step: Step, outcome: Status | None, is_over: bool, resolution: Status | None
) -> None:
    ended = login(step=step, outcome=outcome)

    assert ended.is_over is is_over
    assert ended.resolution is resolution


def test_a_call_gets_through_at_its_step_alone() -> None:
    login(step=Step.PUSH).demand(Step.PUSH, Step.PASSWORD)

    with pytest.raises(WrongStep):
        login(step=Step.PUSH).demand(Step.PASSWORD)
    with pytest.raises(LoginExpired):
        login(step=Step.FAILED, outcome=Status.EXPIRED).demand(*Step)
    login(step=Step.FAILED, outcome=Status.DENIED).demand(*Step)


def test_pushes_are_a_minute_apart() -> None:
    first = login().pushed(CHALLENGE, NOW)

    first.demand_push(NOW + timedelta(seconds=60))
    with pytest.raises(TooSoon) as refused:
        first.demand_push(NOW + timedelta(seconds=60) + JUST_BEFORE)

    assert refused.value.retry_after_s == 1
    assert first.next_push_at(None) == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(("after_s", "told_s"), [(0, 60), (0.4, 60), (30, 30), (59.9, 1)])
def test_retry_after_never_leads_to_a_second_refusal(after_s: float, told_s: int) -> None:
    pushed = login().pushed(CHALLENGE, NOW)
    now = NOW + timedelta(seconds=after_s)

    with pytest.raises(TooSoon) as refused:
        pushed.demand_push(now)

    assert refused.value.retry_after_s == told_s
    pushed.demand_push(now + timedelta(seconds=told_s))


def test_the_third_push_is_the_last() -> None:
    asked = login()
    for _ in range(PUSHES):
        asked.demand_push(NOW + timedelta(hours=1))
        asked = asked.pushed(CHALLENGE, NOW)

    assert PUSHES == 3
    assert asked.next_push_at(None) is None
    with pytest.raises(WrongStep):
        asked.demand_push(NOW + timedelta(hours=1))


def test_a_push_is_taken_when_the_minute_and_the_rest_are_both_over() -> None:
    def next_push(resting: datetime | None, **changes: Any) -> datetime | None:
        return login(**changes).next_push_at(resting)

    minute, soon, late = (NOW + timedelta(seconds=seconds) for seconds in (60, 30, 90))

    assert next_push(None) == login().created_at
    assert next_push(soon) == soon
    assert next_push(soon, last_push_at=NOW) == minute
    assert next_push(late, last_push_at=NOW) == late
    assert next_push(late, step=Step.PASSWORD) is None


def test_proofs_add_up() -> None:
    proven = login(step=Step.PASSWORD).proven(Factor.PASSWORD, Step.PUSH, NOW)
    approved = proven.approved_by_push(NOW, matched=True)

    assert proven.proofs == {Factor.PASSWORD}
    assert proven.approved_at is None
    assert approved.proofs == {Factor.PASSWORD, Factor.PUSH}
    assert approved.approved_at == NOW
    assert approved.matched


def test_a_known_browser_has_a_lane_of_its_own() -> None:
    assert login().lane is Lane.ANY
    assert login(known_browser=BrowserId("bro_one")).lane is Lane.KNOWN
