"""What time does: it ends what nobody answered, wakes phones that show nothing, and links the audit log.

Any number of processes may sweep at once: each ending, and each claim to wake a phone, is one conditional
update.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from hub.domain.audit import Event
from hub.domain.challenge import PUSHED_WITHOUT_ACK_AFTER, Challenge, Kind
from hub.domain.device import Device
from hub.domain.enrollment import Enrollment, EnrollmentStatus
from hub.domain.ids import UserId
from hub.domain.login import Login
from hub.flows.ask import Asker
from hub.flows.base import device_topic, enrollment_topic, login_topic

BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Asker):
    """The sweeper; run it once a second."""

    async def once(self) -> bool:
        """End what is overdue and seal what was recorded; say whether there is more to do at once."""
        now = self.clock.now()
        async with self.store.read() as tx:
            challenges = await tx.challenges.overdue(now, BATCH)
            logins = await tx.logins.overdue(now, BATCH)
            enrollments = await tx.enrollments.overdue(now, BATCH)
        by_account = attrgetter("tenant_id", "account")
        for _, group in groupby(sorted(challenges, key=by_account), key=by_account):
            await self._expire_challenges(list(group))
        for login in logins:
            await self._expire_login(login, now)
        for enrollment in enrollments:
            await self._expire_enrollment(enrollment, now)
        async with self.store.begin() as tx:
            sealed = await tx.audit.seal(BATCH)
        late = await self._wake(now)
        return BATCH in (late, len(challenges), len(logins), len(enrollments), sealed)

    async def _wake(self, now: datetime) -> int:
        """Push what no phone has shown in time, ring for tests whose time has come; return how many."""
        async with self.store.read() as tx:
            unshown = await tx.challenges.unpushed(now, BATCH)
            unpushed = [each for each in unshown if _is_due(each, now)]
            users = sorted({each.user_id for each in unpushed if each.user_id is not None})
            devices = await tx.devices.of_users(users)
        of_user: dict[UserId | None, list[Device]] = {}
        for device in devices:
            of_user.setdefault(device.user_id, []).append(device)
        for challenge in unpushed:
            theirs = of_user.get(challenge.user_id, [])
            if _is_late(challenge, now):
                unreachable_from = challenge.unreachable_at or now
                await self.wake_up(challenge, theirs, unreachable_from=unreachable_from)
            else:
                await self.ring(challenge, theirs, now)
        return sum(_is_late(each, now) for each in unpushed)

    async def _expire_challenges(self, challenges: list[Challenge]) -> None:
        """End challenges of one account: their pressure is held once."""
        tenant_id, account = challenges[0].tenant_id, challenges[0].account
        topics = []
        async with self.store.begin() as tx:
            held = pressure = await tx.pressure.hold(tenant_id, account)
            for challenge in challenges:
                pressure = await self.end(tx, challenge.expire(), pressure)
                if challenge.login_id is not None:
                    topics.append(login_topic(challenge.login_id))
                if challenge.user_id is not None:
                    devices = await tx.devices.of_user(challenge.user_id)
                    topics += [device_topic(device.id) for device in devices]
            if pressure != held:
                await tx.pressure.save(tenant_id, account, pressure)
        await self.bus.publish(*dict.fromkeys(topics))
        self.wake.over(*challenges)

    async def _expire_login(self, login: Login, now: datetime) -> None:
        ended = login.at(now)
        async with self.store.begin() as tx:
            if not await tx.logins.move(ended, login.step):
                return
            await tx.audit.add(
                self.record(
                    Event.LOGIN_EXPIRED,
                    login.tenant_id,
                    now,
                    user_id=login.user_id,
                    ip=login.origin.ip,
                    data={"login": login.id, "step": login.step},
                )
            )
        await self.bus.publish(login_topic(login.id))

    async def _expire_enrollment(self, enrollment: Enrollment, now: datetime) -> None:
        expired = replace(enrollment, status=EnrollmentStatus.EXPIRED)
        async with self.store.begin() as tx:
            if not await tx.enrollments.settle(expired):
                return
            await tx.audit.add(
                self.record(
                    Event.ENROLLMENT_EXPIRED,
                    enrollment.tenant_id,
                    now,
                    user_id=enrollment.user_id,
                    data={"enrollment": enrollment.id},
                )
            )
        await self.bus.publish(enrollment_topic(enrollment.id))


def _is_late(challenge: Challenge, now: datetime) -> bool:
    """Whether a phone that listens would have shown it by now."""
    return challenge.created_at + PUSHED_WITHOUT_ACK_AFTER <= now < challenge.expires_at


def _is_due(challenge: Challenge, now: datetime) -> bool:
    """Whether it is late, or a test: if it was asked for later, nobody has rung for it yet."""
    return _is_late(challenge, now) or (challenge.kind is Kind.TEST and now < challenge.expires_at)
