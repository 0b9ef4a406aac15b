"""What slows down whoever asks too often: waits and mutes of pushes, waits of passwords.

Everything here is counted by tenant and normalised address, account or not, so that nothing tells the two
apart. Known browsers have a lane of their own: an attacker, who has none, cannot lock the person out.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.errors import RateLimited

DENIALS_UNTIL_MUTE = 3
DENIAL_WINDOW = timedelta(minutes=15)
FIRST_MUTE = timedelta(minutes=15)
LONGEST_MUTE = timedelta(days=1)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
FREE_TRIES = 4
FIRST_TRY_WAIT = timedelta(seconds=5)
LONGEST_TRY_WAIT = timedelta(minutes=15)
TRIES_IN_A_ROW = 100


class Lane(StrEnum):
    """Whose pushes are counted together."""

    ANY = "any"
    KNOWN = "known"

    @property
    def open_challenges(self) -> int:
        """How many may be open at once."""
        return 3 if self is Lane.ANY else 1


@dataclass(frozen=True, slots=True)
class PushPressure:
    """Since the last success on one lane: endings that were none, recent denials, and the mute."""

    failures: int = 0
    last_failure_at: datetime | None = None
    denials: tuple[datetime, ...] = ()
    mutes: int = 0
    muted_until: datetime | None = None

    @property
    def wait_until(self) -> datetime | None:
        """When the growing wait is over: none after one failure, 10 s after the second, then doubling."""
        if self.failures < 2 or self.last_failure_at is None:
            return None
        doubled: timedelta = FIRST_WAIT * 2 ** min(self.failures - 2, 16)
        return self.last_failure_at + min(doubled, LONGEST_WAIT)

    def failed(self, at: datetime) -> "PushPressure":
        """Return it after a challenge that ended unanswered, cancelled or replaced."""
        return replace(self, failures=self.failures + 1, last_failure_at=at)

    def denied(self, at: datetime) -> "PushPressure":
        """Return it after a denial; the third within fifteen minutes mutes, twice as long each time."""
        recent = (*(earlier for earlier in self.denials if earlier > at - DENIAL_WINDOW), at)
        after = replace(self.failed(at), denials=recent)
        if len(recent) < DENIALS_UNTIL_MUTE:
            return after
        mute = min(FIRST_MUTE * 2 ** min(self.mutes, 10), LONGEST_MUTE)
        return replace(after, denials=(), mutes=self.mutes + 1, muted_until=at + mute)


@dataclass(frozen=True, slots=True)
class TryPressure:
    """Wrong passwords in a row on one lane."""

    failures: int = 0
    last_failure_at: datetime | None = None

    def check(self, now: datetime) -> None:
        """Let a try through, or not.

        Raises:
            RateLimited: a wait holds, or there were a hundred in a row (one day each from then on).
        """
        if self.failures <= FREE_TRIES or self.last_failure_at is None:
            return
        doubled = FIRST_TRY_WAIT * 2 ** min(self.failures - FREE_TRIES - 1, 16)
        wait = timedelta(days=1) if self.failures >= TRIES_IN_A_ROW else min(doubled, LONGEST_TRY_WAIT)
        left = (self.last_failure_at + wait - now).total_seconds()
        if left > 0:
            raise RateLimited(retry_after_s=math.ceil(left))

    def given_back(self, before: "TryPressure") -> "TryPressure":
        """Return it without a try that was counted upon *before* and then never compared."""
        if self.failures == before.failures + 1:
            return before
        return replace(self, failures=max(0, self.failures - 1))

    def failed(self, at: datetime) -> "TryPressure":
        """Return it one wrong password later."""
        return TryPressure(self.failures + 1, at)


@dataclass(frozen=True, slots=True)
class Pressure:
    """All of one address at one tenant, a lane each."""

    push: dict[Lane, PushPressure] = field(default_factory=dict)
    password: dict[Lane, TryPressure] = field(default_factory=dict)

    def of_push(self, lane: Lane) -> PushPressure:
        """Return the lane's count of pushes."""
        return self.push.get(lane, PushPressure())

    def of_password(self, lane: Lane) -> TryPressure:
        """Return the lane's count of wrong passwords."""
        return self.password.get(lane, TryPressure())

    def with_push(self, lane: Lane, value: PushPressure) -> "Pressure":
        """Return it with the lane's count of pushes replaced."""
        return replace(self, push={**self.push, lane: value})

    def with_password(self, lane: Lane, value: TryPressure) -> "Pressure":
        """Return it with the lane's count of wrong passwords replaced."""
        return replace(self, password={**self.password, lane: value})

    def approved(self, lane: Lane, *, with_match: bool) -> "Pressure":
        """Return it after a success: the lane starts anew; one with a match reopens the password too."""
        reopened = self.with_push(lane, PushPressure())
        return replace(reopened, password={}) if with_match else reopened
