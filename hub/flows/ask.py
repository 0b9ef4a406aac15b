"""Asking a person's phones, and calling the question off: parts of the flows that do so."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain import decoy, match
from hub.domain.audit import HUB, Actor, Event
from hub.domain.challenge import NO_ACK_MEANS_UNREACHABLE, Challenge, Kind, Status
from hub.domain.device import Device
from hub.domain.errors import AlreadySettled
from hub.domain.ids import ChallengeId, DeviceId, Prefix, UserId
from hub.domain.login import Login, Step
from hub.domain.place import Origin, Place
from hub.domain.policy import PushFacts, lane_for, resting_until
from hub.domain.tenant import Tenant
from hub.domain.throttle import Lane, Pressure
from hub.flows.base import ANONYMOUS, Flow, device_topic
from hub.flows.wake import Wake
from hub.ports import Tokens, Tx
from hub.protocol import RequestClaims, RequestContext

# Of the event loop: in the first a phone's socket wakes, in the second it looks.
TURNS = 2
# Whose phones are looked for where there is nobody, so that a stranger's address costs what a person's does.
NOBODY = UserId("")
ENDINGS = {
    Status.EXPIRED: Event.CHALLENGE_EXPIRED,
    Status.CANCELLED: Event.CHALLENGE_CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What asking came to: a challenge, or the moment before which none is sent.

    *over* are earlier challenges that it ended: who was woken for them hears of it after the commit.
    """

    login: Login
    pressure: Pressure
    challenge: Challenge | None
    resting_until: datetime | None
    over: tuple[Challenge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker(Flow):
    """A flow that can ring phones; *waits* is off only where an operator lifted the growing waits."""

    tokens: Tokens
    issuer: str
    wake: Wake
    waits: bool = True

    async def ask(
        self,
        tx: Tx,
        tenant: Tenant,
        login: Login,
        pressure: Pressure,
        now: datetime,
    ) -> Asked:
        """Open a challenge for *login* in the caller's transaction, if the rules let it.

        The caller holds the login (or has just made it) and the pressure, and saves both; after the commit it
        calls :meth:`ring`. The login's own pending challenge is replaced.
        """
        pending = [
            challenge
            for challenge in await tx.challenges.pending_of_account(tenant.id, login.account)
            if challenge.kind is not Kind.TEST
        ]
        overdue = [challenge for challenge in pending if challenge.status_at(now) is Status.EXPIRED]
        for challenge in overdue:
            pressure = await self.end(tx, challenge.expire(), pressure)
        waiting = [challenge for challenge in pending if challenge not in overdue]
        others = [challenge for challenge in waiting if challenge.login_id != login.id]
        lane = lane_for(login.lane, [challenge.lane for challenge in others])
        facts = PushFacts(
            now=now,
            lane=lane,
            pressure=pressure.of_push(lane),
            open_until=tuple(challenge.expires_at for challenge in others if challenge.lane is lane),
            waits=self.waits,
        )
        until = resting_until(facts)
        if until is not None:
            return Asked(login, pressure, None, until, over=tuple(overdue))
        replaced = [challenge for challenge in waiting if challenge.login_id == login.id]
        for challenge in replaced:
            pressure = await self.end(tx, challenge.cancel(now), pressure)
        challenge = self._challenge(tenant, login, lane, now)
        await tx.challenges.add(challenge)
        await tx.audit.add(
            self.record(
                Event.CHALLENGE_ASKED,
                tenant.id,
                now,
                actor=ANONYMOUS,
                user_id=login.user_id,
                ip=login.origin.ip,
                data={"challenge": challenge.id, "login": login.id, "app": login.app, "email": login.email},
            )
        )
        return Asked(login.pushed(challenge.id, now), pressure, challenge, None, over=(*overdue, *replaced))

    async def asked(
        self,
        tx: Tx,
        tenant: Tenant,
        login: Login,
        now: datetime,
        pressure: Pressure | None = None,
    ) -> Asked:
        """Ask, and save what that changed of login and pressure (which is held here, or was before)."""
        held = pressure or await tx.pressure.hold(tenant.id, login.account)
        asked = await self.ask(tx, tenant, login, held, now)
        if asked.pressure != held:
            await tx.pressure.save(tenant.id, login.account, asked.pressure)
        if asked.challenge is not None:
            await tx.logins.move(asked.login, Step.PUSH)
        return asked

    async def end(self, tx: Tx, over: Challenge, pressure: Pressure, *, actor: Actor = HUB) -> Pressure:
        """Write that *over* ran out or was called off, and count it; the caller saves *pressure*."""
        at = over.decided_at or over.expires_at
        try:
            await tx.challenges.settle(over)
        except AlreadySettled:
            return pressure
        await tx.audit.add(
            self.record(
                ENDINGS[over.status],
                over.tenant_id,
                at,
                actor=actor,
                user_id=over.user_id,
                data={"challenge": over.id, **_asked_by(over)},
            )
        )
        if over.kind is Kind.TEST:
            return pressure
        return pressure.with_push(over.lane, pressure.of_push(over.lane).failed(at))

    async def ring(self, challenge: Challenge, devices: list[Device], now: datetime) -> Challenge:
        """Nudge the phones, after the commit; where none of them listens, push, or note that none is reached.

        *devices* are the person's; only those that *challenge* is for are asked.
        """
        asked = [device for device in devices if challenge.is_for(device.id)]
        topics = [device_topic(device.id) for device in asked]
        # A decoy costs the same: a nudge that nobody hears, and a write where its phone does not listen.
        reach = await self.bus.publish(*(topics or [device_topic(DeviceId(f"none:{challenge.id}"))]))
        # The phones first: else a phone of this process waits until the browser's answer is made and written.
        for _ in range(TURNS):
            await asyncio.sleep(0)
        heard = any(count is None or count > 0 for count in reach)
        if challenge.user_id is None:
            course = decoy.course(self.vault.steady("decoy", challenge.account))
            heard = course is decoy.Course.BY_SOCKET or None in reach
        if heard:
            return challenge
        if challenge.user_id is None:
            async with self.store.begin() as tx:
                await tx.challenges.note(challenge)
            return challenge
        return await self.wake_up(challenge, asked, unreachable_from=now)

    async def wake_up(
        self, challenge: Challenge, devices: list[Device], *, unreachable_from: datetime
    ) -> Challenge:
        """Push to those of *devices* that take pushes, unless that was considered or the challenge moved on.

        Args:
            unreachable_from: when it is said that no phone is reached, where none takes a push.
        """
        to = [device for device in devices if challenge.is_for(device.id) and device.subscription is not None]
        # What a service has taken may be shown at any moment.
        pushed = replace(
            challenge,
            pushed_to=tuple(device.id for device in to),
            unreachable_at=None if to else unreachable_from,
        )
        async with self.store.begin() as tx:
            if not await tx.challenges.claim_push(
                challenge.id, pushed.pushed_to or (), pushed.unreachable_at
            ):
                return await tx.challenges.get(challenge.id)
        if to and not self.wake.challenge(challenge, to, unreachable_from=unreachable_from):
            pushed = replace(pushed, unreachable_at=unreachable_from)
            async with self.store.begin() as tx:
                await tx.challenges.note(pushed)
        return pushed

    def _challenge(self, tenant: Tenant, login: Login, lane: Lane, now: datetime) -> Challenge:
        challenge_id = ChallengeId(self.new_id(Prefix.CHALLENGE, now))
        expires_at = min(now + tenant.authentication.challenge_life, login.expires_at)
        needs_match = match.is_required(
            tenant.authentication.match, known_browser=login.known_browser is not None
        )
        seed = self.vault.steady("decoy", login.account)
        claims = RequestClaims(
            iss=self.issuer,
            aud=login.user_id or UserId(f"{Prefix.USER}_{seed.hex()[:26]}"),
            jti=challenge_id,
            iat=int(now.timestamp()),
            exp=int(expires_at.timestamp()),
            kind="login",
            app=login.app,
            ctx=context(login.origin, now),
            match="required" if needs_match else "none",
        )
        digits = self.vault.seal("digits", self.random.digits(match.DIGITS)) if needs_match else None
        return Challenge(
            id=challenge_id,
            tenant_id=tenant.id,
            login_id=login.id,
            account=login.account,
            user_id=login.user_id,
            lane=lane,
            status=Status.PENDING,
            request=self.tokens.sign_request(claims, now),
            digits=digits,
            created_at=now,
            expires_at=expires_at,
            shown_at=None if login.user_id else decoy.shown_at(seed, self.random.entropy(1)[0], now),
            unreachable_at=(
                now + NO_ACK_MEANS_UNREACHABLE if login.user_id else decoy.unreachable_at(seed, now)
            ),
        )


def _asked_by(challenge: Challenge) -> dict[str, str]:
    """Return what the audit log says of who asked: the login, or that it was no login."""
    return {"kind": challenge.kind} if challenge.login_id is None else {"login": challenge.login_id}


def context(origin: Origin, at: datetime) -> RequestContext:
    """Return who asked at *at*, as a phone shows it."""
    place = origin.place if isinstance(origin.place, Place) else None
    return RequestContext(
        ip=origin.ip,
        location=origin.location,
        city=place.city if place else None,
        country=place.country if place else None,
        lat=place.latitude if place else None,
        lon=place.longitude if place else None,
        browser=origin.browser,
        os=origin.os,
        at=int(at.timestamp()),
    )


def request_hash(request: str) -> str:
    """Return what a decision signs of the request: base64url(SHA-256(the JWS as ASCII)), no padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(request.encode()).digest()).rstrip(b"=").decode()
