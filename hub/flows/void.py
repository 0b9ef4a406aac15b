"""Shutting a person out: sessions, known browsers, codes, sign-ins and requests end; phones stay."""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain.account import User
from hub.domain.audit import Actor, Event
from hub.domain.challenge import Challenge, Status
from hub.domain.enrollment import EnrollmentStatus
from hub.domain.errors import AlreadySettled
from hub.flows.base import Flow, device_topic, login_topic
from hub.flows.wake import Wake
from hub.ports import Tx


@dataclass(frozen=True, slots=True)
class Voided:
    """Whom to tell after the commit."""

    topics: tuple[str, ...] = ()
    challenges: tuple[Challenge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Flow):
    """A part of the flows that shut somebody out."""

    wake: Wake

    async def tell(self, voided: Voided) -> None:
        """Nudge whoever waits, and tell the phones that were pushed; after the commit."""
        await self.bus.publish(*voided.topics)
        self.wake.over(*voided.challenges)

    async def everything(self, tx: Tx, user: User, actor: Actor, now: datetime) -> Voided:
        """End all that is open of *user*, whose row is held; the caller calls :meth:`tell`."""
        # The logins first: one being completed now holds its row until its session is there to be ended.
        logins = await tx.logins.open_of_user(user.id)
        for login in logins:
            await tx.logins.move(login.failed(Status.CANCELLED), login.step)
        for session in await tx.sessions.open_of_user(user.id, now):
            await tx.sessions.save(replace(session, ended_at=now))
        await tx.browsers.forget_all(user.id, now)
        for enrollment in await tx.enrollments.open_of_user(user.id):
            cancelled = enrollment.cancelled(now)
            if cancelled.status is EnrollmentStatus.CANCELLED:
                await tx.enrollments.settle(cancelled)
        ended = []
        for challenge in await tx.challenges.pending_of_user(user.id, now):
            try:
                await tx.challenges.settle(challenge.cancel(now))
            except AlreadySettled:
                continue
            ended.append(challenge)
            await tx.audit.add(
                self.record(
                    Event.CHALLENGE_CANCELLED,
                    user.tenant_id,
                    now,
                    actor=actor,
                    user_id=user.id,
                    data={"challenge": challenge.id, "login": challenge.login_id},
                )
            )
        devices = await tx.devices.of_user(user.id)
        topics = [login_topic(login.id) for login in logins] + [device_topic(each.id) for each in devices]
        return Voided(tuple(topics), tuple(ended))
