"""Whether the person is at the phone: by its PIN, or by its credential's signature over what is asked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.domain.audit import Event
from hub.domain.device import Credential, Device, Misfit
from hub.domain.errors import CredentialUnfit, DeviceRefusal, PinMissing, WrongPin
from hub.domain.secret import Secret
from hub.flows.base import Flow, by_device
from hub.ports import Passkeys, Tx

# What of an assertion is evidence: with the credential's public key anybody can check the signature.
EVIDENCE = ("authenticatorData", "clientDataJSON", "signature")


@dataclass(frozen=True, slots=True)
class Said:
    """What a phone sent to show that its person is there."""

    pin: Secret | None = None
    assertion: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The person is there: the device as that leaves it, to be saved, and how it was shown."""

    device: Device
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(Flow):
    """PINs and credentials of phones. A refusal is returned, not raised: what counts it must be committed."""

    passkeys: Passkeys

    async def person(
        self, tx: Tx, device: Device, said: Said, token: str, about: str, now: datetime
    ) -> Verified | DeviceRefusal:
        """Look for the person behind the decision *token*; an assertion, where one was sent, alone counts.

        Args:
            device: with its row locked.
            about: the challenge that is decided.
        """
        if said.assertion is None:
            return await self.pin(tx, device, said.pin, about, now)
        found = self._read(device, said.assertion, token)
        if isinstance(found, Misfit):
            return await self.refuse(tx, device, found, about, now)
        response = said.assertion["response"]
        evidence = {"credential": found.id, **{name: response[name] for name in EVIDENCE}}
        return Verified(replace(device, credential=found), {"uv": "webauthn", "assertion": evidence})

    async def pin(
        self, tx: Tx, device: Device, pin: Secret | None, about: str | None, now: datetime
    ) -> Verified | DeviceRefusal:
        """Compare the PIN; a missing one, or one of a device without, counts for nothing."""
        if pin is None or not len(pin) or device.pin_mac is None:
            return PinMissing(about=about)
        macs = self.vault.macs("pin", f"{device.id}\n{pin.reveal()}")
        if device.pin_mac in macs:
            # Under the newest key from now on, whichever it was under.
            return Verified(replace(device, pin_mac=macs[0], wrong_pins=0), {"uv": "pin"})
        after = device.after_wrong_pin(now)
        await tx.devices.save(after)
        for event in (Event.PIN_WRONG, Event.DEVICE_LOCKED)[: 2 if after.is_locked else 1]:
            await self._record(tx, event, device, now, in_a_row=after.wrong_pins)
        return WrongPin(about=about, tries_left=after.tries_left)

    async def refuse(
        self, tx: Tx, device: Device, misfit: Misfit, about: str | None, now: datetime
    ) -> DeviceRefusal:
        """Note which check failed; the phone is not told: its person can do nothing about it."""
        asked = {"challenge": about} if about else {}
        await self._record(tx, Event.CREDENTIAL_REFUSED, device, now, check=misfit, **asked)
        return CredentialUnfit(about=about)

    def _read(self, device: Device, assertion: Mapping[str, Any], token: str) -> Credential | Misfit:
        if device.credential is None:
            return Misfit.CREDENTIAL
        return self.passkeys.read_assertion(assertion, device.credential, challenge_of(token))

    async def _record(self, tx: Tx, event: Event, device: Device, now: datetime, **data: Any) -> None:
        await tx.audit.add(
            self.record(
                event,
                device.tenant_id,
                now,
                actor=by_device(device.id),
                user_id=device.user_id,
                data={"device": device.id, **data},
            )
        )


def challenge_of(token: str) -> bytes:
    """Return what a credential signs for a decision or a proof: SHA-256 of the JWS, which is ASCII."""
    return hashlib.sha256(token.encode()).digest()
