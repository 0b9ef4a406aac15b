"""What a phone does with a request: show it, answer it, say why it was denied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.domain import match
from hub.domain.audit import Event
from hub.domain.challenge import Challenge, Reason, Report, Status
from hub.domain.device import Device
from hub.domain.errors import (
    AlreadySettled,
    BadDecision,
    DeviceLocked,
    DeviceRefusal,
    DeviceRemoved,
    NotFound,
    UnknownRequest,
)
from hub.domain.ids import ChallengeId
from hub.domain.login import Login, Step
from hub.flows.ask import request_hash
from hub.flows.base import Flow, by_device, device_topic, login_topic
from hub.flows.known_browsers import KnownBrowsers
from hub.flows.verify import Said, Verified, Verify
from hub.flows.wake import Wake
from hub.ports import Tokens, Tx
from hub.protocol import DecisionClaims

NOBODY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Flow):
    """A phone's answers."""

    tokens: Tokens
    known_browsers: KnownBrowsers
    wake: Wake
    verify: Verify

    async def ack(self, device: Device, challenge_id: ChallengeId) -> None:
        """Note that the person sees the request; raises UnknownRequest."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            challenge = await self._of(tx, device, challenge_id)
            already = challenge.shown_at is not None and challenge.shown_at <= now
            if already or challenge.status_at(now) is not Status.PENDING:
                return
            await tx.challenges.note(replace(challenge, shown_at=now))
        await self.bus.publish(*_asking(challenge))

    async def decide(self, device: Device, token: str, said: Said) -> Challenge:
        """Settle a challenge by a signed decision; return what it is now.

        Checked in this order: form, signature and fit; device; what became of the challenge; the person, by
        PIN or credential; match.

        Raises:
            BadDecision, DeviceLocked, AlreadySettled, PinMissing, WrongPin, CredentialUnfit: nothing was
                settled.
            DeviceRemoved: the device is no longer the user's.
        """
        now = self.clock.now()
        claims = self.tokens.read_decision(token, device, now)
        if claims is None:
            raise BadDecision
        refusal: DeviceRefusal | None = None
        async with self.store.begin() as tx:
            device = await tx.devices.hold(device.id)
            if not device.is_active:
                raise DeviceRemoved
            challenge = await self._fitting(tx, device, claims)
            approves = claims.decision == "approve"
            if approves and device.is_locked:
                raise DeviceLocked(about=challenge.id)
            if challenge.status_at(now) is not Status.PENDING:
                raise _settled(challenge, challenge.status_at(now))
            if not approves:
                challenge = await self._deny(tx, device, challenge, token, now)
            else:
                found = await self.verify.person(tx, device, said, token, challenge.id, now)
                if isinstance(found, Verified):
                    challenge = await self._approve(tx, found, challenge, claims, token, now)
                else:
                    refusal = found
            others = await tx.devices.of_user(device.user_id)
        # The wrong PIN is counted, so its refusal comes after the commit.
        if refusal is not None:
            raise refusal
        # Not this device: the reply tells it all that a look would.
        topics = (device_topic(other.id) for other in others if other.id != device.id)
        await self.bus.publish(*_asking(challenge), *topics)
        self.wake.over(challenge)
        return challenge

    async def report(self, device: Device, challenge_id: ChallengeId, reason: Report) -> None:
        """Note why it was denied; raises UnknownRequest where this device did not deny it of late."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            challenge = await self._of(tx, device, challenge_id)
            if not challenge.can_be_reported(device.id, now):
                raise UnknownRequest(about=challenge_id)
            await tx.challenges.note(replace(challenge, report=reason))
            await tx.audit.add(
                self.record(
                    Event.CHALLENGE_REPORTED,
                    device.tenant_id,
                    now,
                    actor=by_device(device.id),
                    user_id=device.user_id,
                    data={"challenge": challenge.id, "reason": reason},
                )
            )

    async def _of(self, tx: Tx, device: Device, challenge_id: ChallengeId) -> Challenge:
        try:
            challenge = await tx.challenges.get(challenge_id)
        except NotFound:
            raise UnknownRequest(about=challenge_id) from None
        if challenge.user_id != device.user_id or not challenge.is_for(device.id):
            raise UnknownRequest(about=challenge_id)
        return challenge

    async def _fitting(self, tx: Tx, device: Device, claims: DecisionClaims) -> Challenge:
        try:
            challenge = await tx.challenges.get(ChallengeId(claims.sub))
        except NotFound:
            raise BadDecision(about=claims.sub) from None
        asked = challenge.user_id == device.user_id and challenge.is_for(device.id)
        if not asked or request_hash(challenge.request) != claims.req:
            raise BadDecision(about=claims.sub)
        return challenge

    async def _approve(
        self,
        tx: Tx,
        verified: Verified,
        challenge: Challenge,
        claims: DecisionClaims,
        token: str,
        now: datetime,
    ) -> Challenge:
        device = verified.device
        if challenge.digits is not None:
            if claims.match is None:
                raise BadDecision(about=challenge.id)
            if not match.fits(self.vault.unseal("digits", challenge.digits), claims.match):
                return await self._deny(tx, device, challenge, token, now, Reason.WRONG_MATCH)
        approved = challenge.approve(device.id, token, now)
        login = await self._login(tx, challenge, now)
        if login is None:
            await tx.challenges.settle(approved)
        else:
            await self._let_in(tx, login, approved, now, matched=challenge.needs_match)
        await tx.devices.save(replace(device, last_used_at=now))
        await self._record(tx, Event.CHALLENGE_APPROVED, device, approved, login, now, verified.evidence)
        return approved

    async def _let_in(
        self, tx: Tx, login: Login, approved: Challenge, now: datetime, *, matched: bool
    ) -> None:
        pressure = await tx.pressure.hold(approved.tenant_id, approved.account)
        await tx.challenges.settle(approved)
        await tx.logins.move(login.approved_by_push(now, matched=matched), Step.PUSH)
        after = pressure.approved(approved.lane, with_match=matched)
        if after != pressure:
            await tx.pressure.save(approved.tenant_id, approved.account, after)

    async def _deny(
        self,
        tx: Tx,
        device: Device,
        challenge: Challenge,
        token: str,
        now: datetime,
        reason: Reason | None = None,
    ) -> Challenge:
        denied = challenge.deny(device.id, token, now, reason)
        login = await self._login(tx, challenge, now)
        if login is None:
            await tx.challenges.settle(denied)
        else:
            await self._turn_away(tx, login, denied, now)
        await tx.devices.save(replace(device, last_used_at=now))
        await self._record(tx, Event.CHALLENGE_DENIED, device, denied, login, now)
        return denied

    async def _turn_away(self, tx: Tx, login: Login, denied: Challenge, now: datetime) -> None:
        pressure = await tx.pressure.hold(denied.tenant_id, denied.account)
        await tx.challenges.settle(denied)
        await tx.logins.move(login.failed(Status.DENIED), Step.PUSH)
        after = pressure.with_push(denied.lane, pressure.of_push(denied.lane).denied(now))
        await tx.pressure.save(denied.tenant_id, denied.account, after)
        if login.known_browser is not None:
            browser = await tx.browsers.get(login.known_browser)
            await self.known_browsers.forget(tx, browser, now, why="denied")

    async def _login(self, tx: Tx, challenge: Challenge, now: datetime) -> Login | None:
        """Return the sign-in that asks, its row locked, or None for a test, which belongs to none."""
        if challenge.login_id is None:
            return None
        login = (await tx.logins.hold(challenge.login_id)).at(now)
        if login.step is not Step.PUSH or login.challenge_id != challenge.id:
            # Somebody held the login first: what is known of the challenge was read before that.
            found = await tx.challenges.get(challenge.id)
            status = found.status_at(now)
            raise _settled(found, Status.CANCELLED if status is Status.PENDING else status)
        return login

    async def _record(
        self,
        tx: Tx,
        event: Event,
        device: Device,
        over: Challenge,
        login: Login | None,
        now: datetime,
        person: Mapping[str, Any] = NOBODY,
    ) -> None:
        """Keep the evidence: the request as the phone showed it, the answer as it was signed, and by whom."""
        await tx.audit.add(
            self.record(
                event,
                over.tenant_id,
                now,
                actor=by_device(device.id),
                user_id=over.user_id,
                ip=login.origin.ip if login else None,
                data={
                    "challenge": over.id,
                    **({"login": login.id, "app": login.app} if login else {"kind": over.kind}),
                    "request": over.request,
                    "decision": over.decision,
                    **({"reason": over.reason} if over.reason else {}),
                    **person,
                },
            )
        )


def _asking(challenge: Challenge) -> tuple[str, ...]:
    """Return where the sign-in listens that asks."""
    return () if challenge.login_id is None else (login_topic(challenge.login_id),)


def _settled(challenge: Challenge, status: Status) -> AlreadySettled:
    return AlreadySettled(about=challenge.id, status=status, reason=challenge.reason)
