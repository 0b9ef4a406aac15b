"""Activation codes: made for one phone of one person, watched, called off; and the browser that showed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.account import Session, User, UserStatus
from hub.domain.audit import Actor, Event
from hub.domain.device import DEVICES_PER_USER, Device
from hub.domain.enrollment import (
    ON_SCREEN_LIFE,
    OPEN_CODES,
    Enrollment,
    EnrollmentStatus,
    new_code,
    normal_code,
)
from hub.domain.errors import Conflict, NotFound, StepUpRequired
from hub.domain.factors import strongest
from hub.domain.ids import EnrollmentId, Prefix, TenantId, UserId
from hub.domain.secret import Secret
from hub.flows.base import Flow, by_user, enrollment_topic
from hub.flows.known_browsers import KnownBrowsers
from hub.ports import Tx


@dataclass(frozen=True, slots=True)
class Activation:
    """A fresh enrolment and its code, which is shown once and kept nowhere."""

    enrollment: Enrollment
    code: Secret
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate(Flow):
    """Codes, from the side of whoever hands them out."""

    known_browsers: KnownBrowsers

    async def create(
        self,
        tenant_id: TenantId,
        user_id: UserId,
        *,
        life: timedelta,
        actor: Actor,
        session: Session | None = None,
    ) -> Activation:
        """Make an activation code for one phone.

        Args:
            session: the account page's session that asks, where one does; it must be fresh.

        Raises:
            NotFound: no such user, or a blocked one.
            StepUpRequired: the session was not proven by the account's strongest factor of late.
            Conflict: the user has as many phones as there may be.
        """
        now = self.clock.now()
        code = Secret(new_code(self.random.entropy(10), life))
        async with self.store.begin() as tx:
            user = await tx.users.get(tenant_id, user_id)
            if user.status is not UserStatus.ACTIVE:
                raise NotFound
            devices = await tx.devices.of_user(user.id)
            demand_fresh(session, devices, now)
            demand_room(devices)
            await self._demand_few(tx, user, now)
            enrollment = Enrollment(
                id=EnrollmentId(self.new_id(Prefix.ENROLLMENT, now)),
                tenant_id=tenant_id,
                user_id=user.id,
                code_mac=self.vault.mac("activation-code", normal_code(code.reveal()) or ""),
                status=EnrollmentStatus.PENDING,
                created_at=now,
                expires_at=now + life,
                session_id=session.id if session else None,
            )
            await tx.enrollments.add(enrollment)
            await tx.audit.add(
                self.record(
                    Event.ENROLLMENT_CREATED,
                    tenant_id,
                    now,
                    actor=actor,
                    user_id=user.id,
                    data={"enrollment": enrollment.id},
                )
            )
        return Activation(enrollment, code, user)

    async def create_anew(self, session: Session) -> Activation:
        """Make a code in the place of those that the session's page has shown before; raises as `create`."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            for enrollment in await tx.enrollments.open_of_user(session.user_id):
                if enrollment.session_id == session.id:
                    await tx.enrollments.settle(enrollment.cancelled(now))
        return await self.create_on_screen(session)

    async def create_on_screen(self, session: Session) -> Activation:
        """Make a code for the person who is signed in; raises as :meth:`create`."""
        return await self.create(
            session.tenant_id,
            session.user_id,
            life=ON_SCREEN_LIFE,
            actor=by_user(session.user_id),
            session=session,
        )

    async def status(self, session: Session, enrollment_id: EnrollmentId) -> EnrollmentStatus:
        """Return how the signed-in person's enrolment stands; raises NotFound."""
        async with self.store.read() as tx:
            enrollment = await self._own(tx, session, enrollment_id)
        return enrollment.status_at(self.clock.now())

    async def cancel(self, session: Session, enrollment_id: EnrollmentId) -> None:
        """Make the code good for nothing; raises NotFound, also where it is used already."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            enrollment = await self._own(tx, session, enrollment_id)
            cancelled = enrollment.cancelled(now)
            if cancelled.status is EnrollmentStatus.CANCELLED and await tx.enrollments.settle(cancelled):
                await tx.audit.add(
                    self.record(
                        Event.ENROLLMENT_CANCELLED,
                        session.tenant_id,
                        now,
                        actor=by_user(session.user_id),
                        user_id=session.user_id,
                        data={"enrollment": enrollment.id},
                    )
                )
        await self.bus.publish(enrollment_topic(enrollment_id))

    async def know_browser(self, session: Session, enrollment_id: EnrollmentId) -> Secret | None:
        """Make the browser known in which the phone was enrolled; once, and only where it was not.

        Returns:
            The known-browser cookie's value to set, or None.
        """
        try:
            async with self.store.begin() as tx:
                return await self._know(tx, session, enrollment_id)
        except _AlreadyKnown:
            return None

    async def _know(self, tx: Tx, session: Session, enrollment_id: EnrollmentId) -> Secret | None:
        enrollment = await self._own(tx, session, enrollment_id)
        is_its_own = enrollment.session_id == session.id and session.browser_id is None
        if enrollment.status is not EnrollmentStatus.DONE or not is_its_own:
            return None
        cookie, browser_id = await self.known_browsers.remember(
            tx,
            session.tenant_id,
            session.user_id,
            self.clock.now(),
            browser=session.browser,
            system=session.os,
            actor=by_user(session.user_id),
            by={"enrollment": enrollment.id},
        )
        # The session may have changed since it was read, and another call may be doing the same.
        if not await tx.sessions.know(session.id, browser_id):
            raise _AlreadyKnown
        return cookie

    async def _demand_few(self, tx: Tx, user: User, now: datetime) -> None:
        """Each open code is one that can be guessed; raises Conflict."""
        opened = await tx.enrollments.open_of_user(user.id)
        if sum(each.status_at(now) is EnrollmentStatus.PENDING for each in opened) >= OPEN_CODES:
            raise Conflict(reason=f"{OPEN_CODES} activation codes are open already: use or cancel one first.")

    async def _own(self, tx: Tx, session: Session, enrollment_id: EnrollmentId) -> Enrollment:
        enrollment = await tx.enrollments.get(enrollment_id)
        if enrollment.user_id != session.user_id:
            raise NotFound
        return enrollment


class _AlreadyKnown(Exception):
    """Another call was faster: nothing of this one is kept."""


def demand_fresh(session: Session | None, devices: list[Device], now: datetime) -> None:
    """Let a change of factors through; raises StepUpRequired for a session that proved too little of late."""
    if session is not None and not session.is_fresh(strongest(has_device=bool(devices)), now):
        raise StepUpRequired


def demand_room(devices: list[Device]) -> None:
    if len(devices) >= DEVICES_PER_USER:
        raise Conflict(reason=f"This account has {DEVICES_PER_USER} phones already: remove one first.")
