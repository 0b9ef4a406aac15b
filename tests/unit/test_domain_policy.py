"""Every rule has a refusing and a passing example."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.domain import policy
from hub.domain.policy import RULES, PushFacts, resting_until
from hub.domain.throttle import Lane, PushPressure
from tests.builders import NOW

SOON, LATER, LATEST = (NOW + timedelta(seconds=seconds) for seconds in (10, 20, 30))


def facts(pressure: PushPressure | None = None, *open_until: datetime, **changes: Any) -> PushFacts:
    """Nothing that speaks against a push, but what is given."""
    given: dict[str, Any] = {"now": NOW, "lane": Lane.ANY, "pressure": pressure or PushPressure()}
    return PushFacts(**given | {"open_until": open_until} | changes)


# rule: refusing example, the moment that it asks for, passing examples
EXAMPLES: dict[Callable[..., Any], tuple[PushFacts, datetime, list[PushFacts]]] = {
    policy.rests_after_denials: (
        facts(PushPressure(muted_until=LATER)),
        LATER,
        [facts(), facts(PushPressure(denials=(NOW, NOW)))],
    ),
    policy.waits_grow: (
        facts(PushPressure(failures=2, last_failure_at=NOW)),
        SOON,
        [
            facts(),
            facts(PushPressure(failures=1, last_failure_at=NOW)),
            facts(PushPressure(failures=2, last_failure_at=NOW), waits=False),
        ],
    ),
    policy.few_are_open: (
        facts(None, LATEST, SOON, LATER),
        SOON,
        [facts(None, SOON, LATER), facts(None, lane=Lane.KNOWN)],
    ),
}


def test_every_rule_has_its_examples_and_says_why() -> None:
    assert set(EXAMPLES) == set(RULES)
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_refuses_and_lets_pass(rule: Callable[[PushFacts], datetime | None]) -> None:
    refusing, until, passing = EXAMPLES[rule]

    assert rule(refusing) == until
    assert resting_until(refusing) == until
    for example in passing:
        assert rule(example) is None
        assert resting_until(example) is None


def test_room_comes_when_enough_of_the_open_ones_have_ended() -> None:
    assert policy.few_are_open(facts(None, SOON, LATER, LATEST, LATEST)) == LATER
    assert policy.few_are_open(facts(None, SOON, lane=Lane.KNOWN)) == SOON


def test_the_latest_moment_of_all_rules_counts() -> None:
    muted = PushPressure(failures=2, last_failure_at=NOW, muted_until=LATEST)

    assert resting_until(facts(muted, LATER, LATER, LATER)) == LATEST


@pytest.mark.parametrize("past", [NOW, NOW - timedelta(seconds=1)])
def test_what_is_over_refuses_nothing(past: datetime) -> None:
    assert resting_until(facts(PushPressure(muted_until=past))) is None


@pytest.mark.parametrize(
    ("own", "taken", "lane"),
    [
        (Lane.ANY, [], Lane.ANY),
        (Lane.ANY, [Lane.ANY, Lane.ANY], Lane.ANY),
        (Lane.KNOWN, [], Lane.KNOWN),
        (Lane.KNOWN, [Lane.ANY, Lane.ANY, Lane.ANY], Lane.KNOWN),
        (Lane.KNOWN, [Lane.KNOWN], Lane.ANY),
    ],
)
def test_a_known_browser_takes_its_own_lane_while_that_is_free(
    own: Lane, taken: list[Lane], lane: Lane
) -> None:
    assert policy.lane_for(own, taken) is lane
