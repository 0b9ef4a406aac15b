"""One question to a person's phones, waiting for one yes or no."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.errors import AlreadySettled
from hub.domain.ids import ChallengeId, DeviceId, LoginId, TenantId, UserId
from hub.domain.throttle import Lane

NO_ACK_MEANS_UNREACHABLE = timedelta(seconds=10)
PUSHED_WITHOUT_ACK_AFTER = timedelta(seconds=2)
TEST_LIFE = timedelta(seconds=120)
REPORT_WITHIN = timedelta(minutes=10)


class Status(StrEnum):
    """Where a challenge stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.DENIED, Status.EXPIRED, Status.CANCELLED}),
    Status.APPROVED: frozenset(),
    Status.DENIED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
}


class Kind(StrEnum):
    """What a phone is asked."""

    LOGIN = "login"
    APPROVAL = "approval"
    TEST = "test"


class Delivery(StrEnum):
    """What the waiting page may say about the phone."""

    SENDING = "sending"
    SHOWN = "shown"
    UNREACHABLE = "unreachable"


class Reason(StrEnum):
    """Why a challenge was denied, where it was not the person's own Deny."""

    WRONG_MATCH = "wrong_match"


class Report(StrEnum):
    """What the person who denied said of it afterwards."""

    MISTAKE = "mistake"
    UNEXPECTED = "unexpected"
    FRAUD = "fraud"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question with an end; a decoy (no *user_id*) is asked of nobody and moves as a real one would.

    *digits* are sealed (encrypted) text, erased as soon as the challenge is over; *request* is the signed
    request exactly as the phones got it. *shown_at* may lie ahead: a decoy knows when it will seem shown; so
    may *created_at*: a test can be asked for a moment later. A test belongs to no login and is *only_for* one
    phone. *pushed_to* are the phones that a web push was sent to, None while none was considered.
    """

    id: ChallengeId
    tenant_id: TenantId
    login_id: LoginId | None
    account: str
    user_id: UserId | None
    lane: Lane
    status: Status
    request: str
    digits: str | None
    created_at: datetime
    expires_at: datetime
    shown_at: datetime | None = None
    unreachable_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: DeviceId | None = None
    decision: str | None = None
    reason: Reason | None = None
    report: Report | None = None
    kind: Kind = Kind.LOGIN
    only_for: DeviceId | None = None
    pushed_to: tuple[DeviceId, ...] | None = None

    def is_for(self, device: DeviceId) -> bool:
        """Whether this phone of the user is asked."""
        return self.only_for in (None, device)

    @property
    def needs_match(self) -> bool:
        """Whether an approval must carry the digits."""
        return self.digits is not None

    def status_at(self, now: datetime) -> Status:
        """Return the status as it is at *now*: at ``expires_at`` it is over, swept or not."""
        overdue = self.status is Status.PENDING and now >= self.expires_at
        return Status.EXPIRED if overdue else self.status

    def delivery_at(self, now: datetime) -> Delivery:
        """Return what may be said of the phone at *now*."""
        if self.shown_at is not None and self.shown_at <= now:
            return Delivery.SHOWN
        gone = self.unreachable_at is not None and self.unreachable_at <= now
        return Delivery.UNREACHABLE if gone else Delivery.SENDING

    def next_change(self, now: datetime) -> datetime | None:
        """Return when time alone will next change what is shown of it, or None if it will not."""
        if self.status is not Status.PENDING:
            return None
        ahead = [
            at for at in (self.shown_at, self.unreachable_at, self.expires_at) if at is not None and at > now
        ]
        return min(ahead, default=None)

    def approve(self, by: DeviceId, decision: str, now: datetime) -> "Challenge":
        """Return it approved.

        Raises:
            AlreadySettled: it is over, with what became of it.
        """
        return self._move(Status.APPROVED, now, by=by, decision=decision)

    def deny(self, by: DeviceId, decision: str, now: datetime, reason: Reason | None = None) -> "Challenge":
        """Return it denied, which is final; raises as :meth:`approve`."""
        return self._move(Status.DENIED, now, by=by, decision=decision, reason=reason)

    def cancel(self, now: datetime) -> "Challenge":
        """Return it called off; raises as :meth:`approve`."""
        return self._move(Status.CANCELLED, now)

    def expire(self) -> "Challenge":
        """Return it run out, dated by its own end; raises as :meth:`approve`."""
        return self._move(Status.EXPIRED, self.expires_at)

    def can_be_reported(self, by: DeviceId, now: datetime) -> bool:
        """Whether *by* may still say why it denied."""
        denied = self.status is Status.DENIED and self.decided_by == by
        return denied and self.decided_at is not None and now < self.decided_at + REPORT_WITHIN

    def _move(
        self,
        to: Status,
        at: datetime,
        *,
        by: DeviceId | None = None,
        decision: str | None = None,
        reason: Reason | None = None,
    ) -> "Challenge":
        now = self.status_at(at) if to is not Status.EXPIRED else self.status
        if to not in MOVES[now]:
            raise AlreadySettled(about=self.id, status=now)
        return replace(
            self, status=to, digits=None, decided_at=at, decided_by=by, decision=decision, reason=reason
        )
