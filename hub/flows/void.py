"""Shutting a person out: sessions, known browsers, codes, sign-ins and requests end; phones stay."""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain.account import User
from hub.domain.audit import Actor, Event
from hub.domain.challenge import Status
from hub.domain.enrollment import EnrollmentStatus
from hub.domain.errors import AlreadySettled
from hub.flows.base import Flow, device_topic, login_topic
from hub.ports import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Flow):
    """A part of the flows that shut somebody out."""

    async def everything(self, tx: Tx, user: User, actor: Actor, now: datetime) -> list[str]:
        """End all that is open of *user*, whose row is held; return what to nudge after the commit."""
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
        for challenge in await tx.challenges.pending_of_user(user.id, now):
            try:
                await tx.challenges.settle(challenge.cancel(now))
            except AlreadySettled:
                continue
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
        return [login_topic(login.id) for login in logins] + [device_topic(each.id) for each in devices]
