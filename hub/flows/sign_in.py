"""Going on with a sign-in: the password, a fresh push, calling it off."""

import math
from dataclasses import dataclass
from datetime import datetime

from hub.domain.account import User
from hub.domain.audit import Event
from hub.domain.challenge import Challenge, Status
from hub.domain.errors import TooSoon, Unavailable, WrongCredentials
from hub.domain.factors import Factor
from hub.domain.ids import LoginId
from hub.domain.limits import Limit
from hub.domain.login import Login, Step
from hub.domain.secret import Secret
from hub.domain.throttle import TryPressure
from hub.flows.ask import NOBODY, Asked, Asker
from hub.flows.base import ANONYMOUS, device_topic, login_topic
from hub.flows.watch import View, Watch
from hub.ports import Hasher, Limiter


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Asker):
    """A sign-in that has begun, until it is approved."""

    hasher: Hasher
    limiter: Limiter
    watch: Watch

    async def password(
        self, slug: str, login_id: LoginId, cookie: str | None, password: Secret, per_ip: str
    ) -> View:
        """Prove the password.

        Each try is counted before it is compared, so that many at once are not more than one after another.

        Raises:
            NotFound, LoginExpired, WrongStep, RateLimited.
            WrongCredentials: the login stays as it was.
        """
        await self.limiter.hit(Limit.PASSWORD_TRIES_PER_IP, per_ip)
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self.watch.held(tx, slug, login_id, cookie, now)
            login.demand(Step.PASSWORD)
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            tries = pressure.of_password(login.lane)
            tries.check(now)
            await tx.pressure.save(
                login.tenant_id, login.account, pressure.with_password(login.lane, tries.failed(now))
            )
            user = await tx.users.get(login.tenant_id, login.user_id) if login.user_id else None
        try:
            right = await self.hasher.verify(password, user.password if user else None)
        except Unavailable:
            await self._give_back(login, tries)
            raise
        if not right or user is None:
            await self._refuse_password(login, now)
            raise WrongCredentials(login_id=login_id)
        return await self._password_proven(slug, login_id, cookie, user, now)

    async def push(self, slug: str, login_id: LoginId, cookie: str | None) -> View:
        """Send a fresh push; the old challenge is cancelled.

        Raises:
            NotFound, LoginExpired, WrongStep.
            TooSoon: less than a minute since the last, or a wait, a mute or the cap holds.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            login = await self.watch.held(tx, slug, login_id, cookie, now)
            login.demand_push(now)
            tenant = await tx.tenants.get(login.tenant_id)
            devices = await tx.devices.of_user(login.user_id or NOBODY)
            asked = await self.asked(tx, tenant, login, now)
            if asked.resting_until is not None:
                left = (asked.resting_until - now).total_seconds()
                raise TooSoon(retry_after_s=math.ceil(left))
        self.wake.over(*asked.over)
        if asked.challenge is not None:
            await self.ring(asked.challenge, devices, now)
        await self.bus.publish(login_topic(login_id))
        return await self.watch.look(login_id)

    async def cancel(self, slug: str, login_id: LoginId, cookie: str | None) -> View:
        """Call the sign-in off, and its challenge; raises NotFound, LoginExpired, WrongStep."""
        now = self.clock.now()
        challenge: Challenge | None = None
        async with self.store.begin() as tx:
            login = await self.watch.held(tx, slug, login_id, cookie, now)
            login.demand(Step.PUSH, Step.PASSWORD)
            devices = await tx.devices.of_user(login.user_id or NOBODY)
            if login.challenge_id is not None:
                challenge = await tx.challenges.get(login.challenge_id)
                if challenge.status_at(now) is Status.PENDING:
                    pressure = await tx.pressure.hold(login.tenant_id, login.account)
                    after = await self.end(tx, challenge.cancel(now), pressure, actor=ANONYMOUS)
                    await tx.pressure.save(login.tenant_id, login.account, after)
            await tx.logins.move(login.failed(Status.CANCELLED), login.step)
            await tx.audit.add(
                self.record(
                    Event.LOGIN_CANCELLED,
                    login.tenant_id,
                    now,
                    actor=ANONYMOUS,
                    user_id=login.user_id,
                    ip=login.origin.ip,
                    data={"login": login.id},
                )
            )
        if challenge is not None:
            self.wake.over(challenge)
        await self.bus.publish(login_topic(login_id), *(device_topic(device.id) for device in devices))
        return await self.watch.look(login_id)

    async def _give_back(self, login: Login, before: TryPressure) -> None:
        """Too busy to compare is no wrong password."""
        async with self.store.begin() as tx:
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            tries = pressure.of_password(login.lane).given_back(before)
            await tx.pressure.save(login.tenant_id, login.account, pressure.with_password(login.lane, tries))

    async def _refuse_password(self, login: Login, now: datetime) -> None:
        async with self.store.begin() as tx:
            await tx.audit.add(
                self.record(
                    Event.PASSWORD_WRONG,
                    login.tenant_id,
                    now,
                    actor=ANONYMOUS,
                    user_id=login.user_id,
                    ip=login.origin.ip,
                    data={"login": login.id, "email": login.email},
                )
            )

    async def _password_proven(
        self, slug: str, login_id: LoginId, cookie: str | None, user: User, now: datetime
    ) -> View:
        asked: Asked | None = None
        async with self.store.begin() as tx:
            login = await self.watch.held(tx, slug, login_id, cookie, now)
            tenant = await tx.tenants.get(login.tenant_id)
            devices = await tx.devices.of_user(user.id)
            login = login.proven(Factor.PASSWORD, Step.PUSH if devices else Step.APPROVED, now)
            pressure = await tx.pressure.hold(login.tenant_id, login.account)
            pressure = pressure.with_password(login.lane, TryPressure())
            await tx.logins.move(login, Step.PASSWORD)
            if devices:
                asked = await self.ask(tx, tenant, login, pressure, now)
                pressure = asked.pressure
                if asked.challenge is not None:
                    await tx.logins.move(asked.login, Step.PUSH)
            await tx.pressure.save(login.tenant_id, login.account, pressure)
        if asked is not None:
            self.wake.over(*asked.over)
            if asked.challenge is not None:
                await self.ring(asked.challenge, devices, now)
        await self.bus.publish(login_topic(login_id))
        return await self.watch.look(login_id)
