"""A credential for a phone that has a PIN: from then on a fingerprint or a face approves as well."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.domain.audit import Event
from hub.domain.device import Credential, Device, Misfit
from hub.domain.errors import DeviceLocked, DeviceRefusal, DeviceRemoved
from hub.domain.secret import Secret
from hub.flows.base import Flow, by_device
from hub.flows.verify import Verified, Verify, challenge_of
from hub.ports import Passkeys, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials(Flow):
    """Credentials of phones that are enrolled already."""

    tokens: Tokens
    passkeys: Passkeys
    verify: Verify

    async def add(
        self, device: Device, nonce: str, proof: str, attestation: Mapping[str, Any], pin: Secret | None
    ) -> None:
        """Let the phone approve by a new credential; one that it had is replaced.

        Args:
            nonce: what the hub gave this connection, or this call, to prove the key over.
            proof: over *nonce*; the credential was made with its hash as challenge.

        Raises:
            DeviceLocked, PinMissing, WrongPin: as for a decision.
            CredentialUnfit: the proof or the attestation does not fit.
            DeviceRemoved: the device is no longer the user's.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            device = await tx.devices.hold(device.id)
            if not device.is_active:
                raise DeviceRemoved
            if device.is_locked:
                raise DeviceLocked
            found: Verified | DeviceRefusal = await self.verify.pin(tx, device, pin, None, now)
            if isinstance(found, Verified):
                made: Credential | Misfit = Misfit.CHALLENGE
                if self.tokens.read_proof(proof, device, nonce, now) is not None:
                    made = self.passkeys.read_attestation(attestation, challenge_of(proof))
                if isinstance(made, Misfit):
                    found = await self.verify.refuse(tx, device, made, None, now)
                else:
                    await tx.devices.save(replace(found.device, credential=made))
                    await tx.audit.add(
                        self.record(
                            Event.CREDENTIAL_ADDED,
                            device.tenant_id,
                            now,
                            actor=by_device(device.id),
                            user_id=device.user_id,
                            data={"device": device.id, **credential_facts(made)},
                        )
                    )
        # What was counted is committed first.
        if isinstance(found, DeviceRefusal):
            raise found


def credential_facts(credential: Credential | None) -> dict[str, str]:
    """Return what the audit log keeps of it, so that later approvals can be checked by the log alone."""
    if credential is None:
        return {}
    return {"credential": credential.id, "credential_key": credential.public_key}
