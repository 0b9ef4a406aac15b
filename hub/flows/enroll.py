"""Adding a phone: a look at whose the code is, and the new key's proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.domain.account import User, UserStatus
from hub.domain.audit import Event
from hub.domain.device import NAME_MAX, PLATFORM_MAX, Credential, Device, DeviceStatus, Misfit, is_pin
from hub.domain.enrollment import Enrollment, EnrollmentStatus, normal_code
from hub.domain.errors import ActivationCodeInvalid, FieldError, Invalid, UserVerificationRequired
from hub.domain.ids import DeviceId, Prefix
from hub.domain.limits import Limit
from hub.domain.secret import Secret
from hub.domain.tenant import Tenant
from hub.domain.words import name_errors
from hub.flows.activate import demand_room
from hub.flows.base import Flow, by_device, enrollment_topic
from hub.flows.credentials import credential_facts
from hub.flows.relocate import Relocate
from hub.flows.verify import challenge_of
from hub.ports import Limiter, Passkeys, Pusher, Tokens, Tx
from hub.protocol import PushSubscription


@dataclass(frozen=True, slots=True)
class Preview:
    """Whose account a code would add a phone to."""

    tenant: Tenant
    user: User
    enrollment: Enrollment


@dataclass(frozen=True, slots=True)
class NewPhone:
    """What a phone says of itself: how it is called, and the PIN, the credential or both it verifies by.

    *attestation* is RegistrationResponseJSON, made with the hash of the proof as challenge; *subscription* is
    where it takes web pushes.
    """

    name: str
    platform: str
    pin: Secret | None = None
    attestation: Mapping[str, Any] | None = None
    subscription: PushSubscription | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A phone that was added."""

    tenant: Tenant
    user: User
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Enroll(Flow):
    """What an activation code is good for."""

    tokens: Tokens
    limiter: Limiter
    passkeys: Passkeys
    pusher: Pusher
    relocate: Relocate

    async def preview(self, code: str, per_ip: str) -> Preview:
        """Return what *code* is for; raises ActivationCodeInvalid, RateLimited (by failures)."""
        now = self.clock.now()
        await self.limiter.check(Limit.ACTIVATION_FAILURES_PER_IP, per_ip)
        async with self.store.read() as tx:
            found = await self._find(tx, code, now)
        if found is None:
            await self.limiter.hit(Limit.ACTIVATION_FAILURES_PER_IP, per_ip)
            raise ActivationCodeInvalid
        return found

    def creation_options(self, found: Preview) -> dict[str, object] | None:
        """Return what the phone makes a credential by, or None where the hub's address allows none."""
        return self.passkeys.creation_options(found.enrollment.id, found.user.email, found.tenant.name)

    async def enroll(self, code: str, proof: str, phone: NewPhone, per_ip: str) -> Enrolled:
        """Bind a phone's new key to the account of *code*, which is used up by it.

        Args:
            code: exactly as the phone sent it: the proof is over this text.
            phone: a subscription that nothing can be pushed to is left out, and refuses nothing.

        Raises:
            ActivationCodeInvalid, RateLimited: as :meth:`preview`.
            UserVerificationRequired: neither PIN nor attestation; the code stays good.
            Invalid: the proof, the PIN, the attestation or a name is not right; the code stays good.
            Conflict: the user has as many phones as there may be.
            Unavailable: the phone would pin an address that the hub has left.
        """
        now = self.clock.now()
        found = await self.preview(code, per_ip)
        pin = phone.pin if phone.pin is not None and len(phone.pin) else None
        if pin is None and phone.attestation is None:
            raise UserVerificationRequired
        public_key = self.tokens.read_new_key(proof, code, now)
        credential = self._read_credential(phone, proof) if public_key is not None else None
        _demand_right(public_key, phone, pin, credential)
        device_id = DeviceId(self.new_id(Prefix.DEVICE, now))
        device = Device(
            id=device_id,
            tenant_id=found.tenant.id,
            user_id=found.user.id,
            name=phone.name.strip(),
            platform=phone.platform.strip(),
            public_key=public_key or "",
            pin_mac=self.vault.mac("pin", f"{device_id}\n{pin.reveal()}") if pin is not None else None,
            status=DeviceStatus.ACTIVE,
            enrolled_at=now,
            enrollment_id=found.enrollment.id,
            credential=credential if isinstance(credential, Credential) else None,
            subscription=self._sealed(phone.subscription),
        )
        async with self.store.begin() as tx:
            # Held: two codes at once must not make one phone too many, nor one of somebody just blocked.
            user = await tx.users.hold(found.tenant.id, found.user.id)
            if user.status is not UserStatus.ACTIVE:
                raise ActivationCodeInvalid
            demand_room(await tx.devices.of_user(user.id))
            await self.relocate.demand_held(tx)
            await tx.devices.add(device)
            if not await tx.enrollments.settle(found.enrollment.done(device.id, now)):
                raise ActivationCodeInvalid
            await self._close_enroll_sessions(tx, found.enrollment, now)
            await tx.audit.add(
                self.record(
                    Event.DEVICE_ENROLLED,
                    found.tenant.id,
                    now,
                    actor=by_device(device.id),
                    user_id=found.user.id,
                    data={
                        "device": device.id,
                        "name": device.name,
                        "enrollment": found.enrollment.id,
                        "uv": list(device.verifies_by),
                        **credential_facts(device.credential),
                    },
                )
            )
        await self.bus.publish(enrollment_topic(found.enrollment.id))
        return Enrolled(found.tenant, found.user, device)

    def _read_credential(self, phone: NewPhone, proof: str) -> Credential | Misfit | None:
        if phone.attestation is None:
            return None
        return self.passkeys.read_attestation(phone.attestation, challenge_of(proof))

    def _sealed(self, subscription: PushSubscription | None) -> str | None:
        if subscription is None or not self.pusher.takes(subscription):
            return None
        return self.vault.seal("subscription", subscription.model_dump_json())

    async def _find(self, tx: Tx, code: str, now: datetime) -> Preview | None:
        normal = normal_code(code)
        if normal is None:
            return None
        enrollment = await tx.enrollments.by_code(self.vault.macs("activation-code", normal))
        if enrollment is None or enrollment.status_at(now) is not EnrollmentStatus.PENDING:
            return None
        user = await tx.users.get(enrollment.tenant_id, enrollment.user_id)
        if user.status is not UserStatus.ACTIVE:
            return None
        return Preview(await tx.tenants.get(enrollment.tenant_id), user, enrollment)

    async def _close_enroll_sessions(self, tx: Tx, enrollment: Enrollment, now: datetime) -> None:
        """The session that this very enrolment was made in becomes a full one; other held ones end."""
        for session in await tx.sessions.open_of_user(enrollment.user_id, now):
            after = session.completed_by(enrollment.session_id, now)
            if after != session:
                await tx.sessions.save(after)


def _demand_right(
    public_key: str | None, phone: NewPhone, pin: Secret | None, credential: Credential | Misfit | None
) -> None:
    errors = []
    if public_key is None:
        errors.append(FieldError("proof", "It is not a proof of a new P-256 key over this activation code."))
    if pin is not None and not is_pin(pin.reveal()):
        errors.append(FieldError("pin", "A PIN is 4 to 8 digits."))
    if isinstance(credential, Misfit):
        errors.append(FieldError("attestation", f"It is no new credential for this proof: {credential}."))
    errors += name_errors(phone.name, "device.name", NAME_MAX)
    errors += name_errors(phone.platform, "device.platform", PLATFORM_MAX)
    if errors:
        raise Invalid(errors=errors)
