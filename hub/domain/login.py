"""What a person signing in is doing: a few steps, one browser, ten minutes."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.challenge import Status
from hub.domain.errors import LoginExpired, TooSoon, WrongStep
from hub.domain.factors import Factor
from hub.domain.ids import BrowserId, ChallengeId, LoginId, TenantId, UserId
from hub.domain.place import Origin
from hub.domain.throttle import Lane

LIFE = timedelta(minutes=10)
COMPLETE_WITHIN = timedelta(seconds=60)
BETWEEN_PUSHES = timedelta(seconds=60)
PUSHES = 3


class Step(StrEnum):
    """What comes next."""

    PUSH = "push"
    PASSWORD = "password"
    APPROVED = "approved"
    DONE = "done"
    FAILED = "failed"


MOVES: dict[Step, frozenset[Step]] = {
    Step.PASSWORD: frozenset({Step.PUSH, Step.APPROVED, Step.FAILED}),
    Step.PUSH: frozenset({Step.APPROVED, Step.FAILED}),
    Step.APPROVED: frozenset({Step.DONE, Step.FAILED}),
    Step.DONE: frozenset(),
    Step.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in of one browser; without *user_id* it is for show and never succeeds.

    *account* is a keyed hash of tenant and address: what waits and caps are counted by. *browser_mac* is the
    keyed hash of the login cookie. *outcome* is how it ended, once it has.
    """

    id: LoginId
    tenant_id: TenantId
    account: str
    email: str
    user_id: UserId | None
    step: Step
    browser_mac: str
    app: str
    origin: Origin
    created_at: datetime
    expires_at: datetime
    return_to: str | None = None
    known_browser: BrowserId | None = None
    proofs: frozenset[Factor] = frozenset()
    challenge_id: ChallengeId | None = None
    pushes: int = 0
    last_push_at: datetime | None = None
    approved_at: datetime | None = None
    matched: bool = False
    outcome: Status | None = None

    @property
    def lane(self) -> Lane:
        """Whose waits this login shares."""
        return Lane.KNOWN if self.known_browser else Lane.ANY

    @property
    def ends_at(self) -> datetime:
        """When time alone ends it: its life, or a minute after an approval that nobody came for."""
        if self.step is Step.APPROVED and self.approved_at is not None:
            return min(self.expires_at, self.approved_at + COMPLETE_WITHIN)
        return self.expires_at

    def at(self, now: datetime) -> "Login":
        """Return it as it is at *now*, whether or not the sweeper came by."""
        if MOVES[self.step] and now >= self.ends_at:
            return replace(self, step=Step.FAILED, outcome=Status.EXPIRED)
        return self

    @property
    def is_over(self) -> bool:
        """Whether nothing but ``complete`` can come any more."""
        return self.step in (Step.APPROVED, Step.DONE, Step.FAILED)

    @property
    def resolution(self) -> Status | None:
        """What the waiting page is told as the last word, or None while it goes on."""
        if self.step in (Step.APPROVED, Step.DONE):
            return Status.APPROVED
        return self.outcome if self.step is Step.FAILED else None

    def next_push_at(self, resting_until: datetime | None) -> datetime | None:
        """Return when a push will be taken (maybe a past moment), or None if there will be none."""
        if self.step is not Step.PUSH or self.pushes >= PUSHES:
            return None
        apart = self.last_push_at + BETWEEN_PUSHES if self.last_push_at else self.created_at
        return max(apart, resting_until) if resting_until else apart

    def demand(self, *steps: Step) -> None:
        """Let a call through that only *steps* allow.

        Raises:
            LoginExpired: time ended it.
            WrongStep: it is at another step.
        """
        if self.step is Step.FAILED and self.outcome is Status.EXPIRED:
            raise LoginExpired
        if self.step not in steps:
            raise WrongStep

    def demand_push(self, now: datetime) -> None:
        """Let a fresh push through: the third is the last, and they are a minute apart.

        Raises:
            LoginExpired, WrongStep: as :meth:`demand`.
            TooSoon: less than a minute since the last one.
        """
        self.demand(Step.PUSH)
        if self.pushes >= PUSHES:
            raise WrongStep
        too_soon = self.last_push_at and self.last_push_at + BETWEEN_PUSHES > now
        if too_soon and self.last_push_at:
            left = (self.last_push_at + BETWEEN_PUSHES - now).total_seconds()
            raise TooSoon(retry_after_s=math.ceil(left))

    def pushed(self, challenge: ChallengeId, now: datetime) -> "Login":
        """Return it waiting for *challenge*."""
        return replace(self, challenge_id=challenge, pushes=self.pushes + 1, last_push_at=now)

    def proven(self, factor: Factor, to: Step, now: datetime) -> "Login":
        """Return it moved on by a proof."""
        return self._move(
            to, proofs=self.proofs | {factor}, approved_at=now if to is Step.APPROVED else self.approved_at
        )

    def approved_by_push(self, now: datetime, *, matched: bool) -> "Login":
        """Return it ready to be completed by its browser."""
        return self._move(Step.APPROVED, proofs=self.proofs | {Factor.PUSH}, approved_at=now, matched=matched)

    def failed(self, outcome: Status) -> "Login":
        """Return it ended, which is final."""
        return self._move(Step.FAILED, outcome=outcome)

    def completed(self) -> "Login":
        """Return it used up by its browser."""
        return self._move(Step.DONE, outcome=Status.APPROVED)

    def _move(self, to: Step, **changes: object) -> "Login":
        if to not in MOVES[self.step]:
            raise WrongStep
        return replace(self, step=to, **changes)  # type: ignore[arg-type]  # replace() cannot see through **
