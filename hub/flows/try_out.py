"""A request that signs nobody in: it shows a person that their phone is reached, and what one looks like."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.account import User
from hub.domain.audit import Actor, Event
from hub.domain.challenge import TEST_LIFE, Challenge, Kind, Status
from hub.domain.device import Device
from hub.domain.errors import NotFound
from hub.domain.ids import ChallengeId, DeviceId, Prefix
from hub.domain.limits import Limit
from hub.domain.place import Origin
from hub.domain.tenant import Tenant
from hub.domain.throttle import Lane, Pressure
from hub.flows.ask import Asker, context
from hub.flows.base import device_topic
from hub.ports import Limiter, Tx
from hub.protocol import RequestClaims

APP = "Test request"


@dataclass(frozen=True, slots=True, kw_only=True)
class TryOut(Asker):
    """Test requests: one open for a phone, outside of all waits, caps and mutes."""

    limiter: Limiter

    async def send(
        self,
        tenant: Tenant,
        user: User,
        device_id: DeviceId,
        *,
        origin: Origin,
        actor: Actor,
        delay_s: int = 0,
    ) -> Challenge:
        """Ask this phone alone, in place of an earlier test; return the challenge as it is then.

        Args:
            origin: where the one is who wants to see it.
            delay_s: it is shown only so many seconds later.

        Raises:
            NotFound: it is not a phone of *user*.
            RateLimited
        """
        await self.limiter.hit(Limit.TESTS_PER_DEVICE, device_id)
        now = self.clock.now()
        async with self.store.begin() as tx:
            device = await tx.devices.hold(device_id)
            if (device.tenant_id, device.user_id) != (tenant.id, user.id) or not device.is_active:
                raise NotFound
            before = await self._call_off(tx, device, now)
            test = self._test(tenant, user, device, origin, now, now + timedelta(seconds=delay_s))
            await tx.challenges.add(test)
            await tx.audit.add(
                self.record(
                    Event.CHALLENGE_ASKED,
                    tenant.id,
                    now,
                    actor=actor,
                    user_id=user.id,
                    ip=origin.ip,
                    data={"challenge": test.id, "kind": test.kind, "device": device.id, "delay_s": delay_s},
                )
            )
        self.wake.over(*before)
        if delay_s:
            # It looks, sees when to look again, and puts the earlier one away.
            await self.bus.publish(device_topic(device.id))
            return test
        return await self.ring(test, [device], now)

    async def _call_off(self, tx: Tx, device: Device, now: datetime) -> list[Challenge]:
        """Cancel the tests that still wait on *device*, whose row is held; return them."""
        waiting = await tx.challenges.pending_of_user(device.user_id, now)
        tests = [each for each in waiting if each.kind is Kind.TEST and each.only_for == device.id]
        for test in tests:
            # What a test comes to counts for no wait.
            await self.end(tx, test.cancel(now), Pressure())
        return tests

    def _test(
        self, tenant: Tenant, user: User, device: Device, origin: Origin, now: datetime, at: datetime
    ) -> Challenge:
        challenge_id = ChallengeId(self.new_id(Prefix.CHALLENGE, now))
        expires_at = at + TEST_LIFE
        claims = RequestClaims(
            iss=self.issuer,
            aud=user.id,
            jti=challenge_id,
            iat=int(at.timestamp()),
            exp=int(expires_at.timestamp()),
            kind="test",
            app=APP,
            ctx=context(origin, at),
            match="none",
        )
        return Challenge(
            id=challenge_id,
            tenant_id=tenant.id,
            login_id=None,
            account=self.account_key(tenant.slug, user.email),
            user_id=user.id,
            lane=Lane.ANY,
            status=Status.PENDING,
            request=self.tokens.sign_request(claims, now),
            digits=None,
            created_at=at,
            expires_at=expires_at,
            kind=Kind.TEST,
            only_for=device.id,
        )
