"""Whether a person's phones may be rung now: named rules, each with its reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.domain.throttle import Lane, PushPressure


@dataclass(frozen=True, slots=True)
class PushFacts:
    """What the rules look at.

    Attributes:
        open_until: the ends of the lane's open challenges, the asking login's own left out.
        waits: whether the growing waits hold; an operator lifts them for load tests.
    """

    now: datetime
    lane: Lane
    pressure: PushPressure
    open_until: tuple[datetime, ...]
    waits: bool = True


def lane_for(own: Lane, taken: Iterable[Lane]) -> Lane:
    """Return the lane that a new challenge takes: a known browser's own, while that is free.

    Args:
        taken: the lanes of the account's other open challenges.
    """
    return Lane.ANY if Lane.KNOWN in taken else own


Rule = Callable[[PushFacts], datetime | None]


def rests_after_denials(facts: PushFacts) -> datetime | None:
    """Three denials in a quarter of an hour: somebody else is asking, so the phone rests (MFA bombing)."""
    return facts.pressure.muted_until


def waits_grow(facts: PushFacts) -> datetime | None:
    """Each push that came to nothing makes the next one wait longer, whoever asks and by whatever way."""
    return facts.pressure.wait_until if facts.waits else None


def few_are_open(facts: PushFacts) -> datetime | None:
    """A person judges a few requests; a stack of them is answered blindly."""
    ends = sorted(facts.open_until)
    surplus = len(ends) - facts.lane.open_challenges
    return ends[surplus] if surplus >= 0 else None


RULES: tuple[Rule, ...] = (rests_after_denials, waits_grow, few_are_open)


def resting_until(facts: PushFacts) -> datetime | None:
    """Return when a push will be taken, or None if one is taken now: the latest that any rule asks for."""
    asked = (rule(facts) for rule in RULES)
    return max((until for until in asked if until is not None and until > facts.now), default=None)
