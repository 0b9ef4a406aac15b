"""A phone that calls instead of holding a socket: nonces that are good once, and who it is each time."""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.domain.errors import NonceNeeded
from hub.domain.ids import DeviceId
from hub.domain.limits import Limit
from hub.flows.base import Flow
from hub.flows.devices import Admitted, Devices
from hub.ports import Limiter, Tokens
from hub.protocol import wire_time

NONCE_LIFE = timedelta(minutes=5)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Called:
    """A phone that has proven itself by *nonce*, made at *made_at*."""

    admitted: Admitted
    nonce: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Flow):
    """Letting a phone in for one call.

    A nonce is when it was made, chance, and a keyed hash of both and the device's id, so that none is kept:
    the device's row has the time of the newest that was used, and no other of that time or before is good.
    """

    tokens: Tokens
    limiter: Limiter
    devices: Devices

    async def admit(self, device_id: DeviceId, proof: str) -> Called:
        """Let a phone in that proves its key over a fresh nonce, and use that up.

        Raises:
            NonceNeeded: it is none of ours for this device, too old, or used. Whether there is such a device
                nobody learns by that.
            BadProof, DeviceRemoved: as :meth:`Devices.admit`.
            RateLimited: it calls too often.
        """
        now = self.clock.now()
        nonce = self.tokens.named_nonce(proof) or ""
        made_at = self._made_at(device_id, nonce)
        if made_at is None or now - made_at >= NONCE_LIFE:
            raise self._needed(device_id, now)
        admitted = await self.devices.admit(device_id, proof, nonce)
        async with self.store.begin() as tx:
            is_first = await tx.devices.use_nonce(device_id, made_at)
        if not is_first:
            raise self._needed(device_id, now)
        await self.limiter.hit(Limit.EXCHANGES_PER_DEVICE, device_id)
        return Called(admitted, nonce, made_at)

    def next_nonce(self, called: Called) -> str:
        """Return the nonce for the phone's next call."""
        # Later than the one just used, also where the clock of another node, which made that, is ahead.
        made_at = max(self.clock.now(), called.made_at + _TICK)
        return self._nonce(called.admitted.device.id, made_at)

    def _needed(self, device_id: DeviceId, now: datetime) -> NonceNeeded:
        return NonceNeeded(nonce=self._nonce(device_id, now), server_time=wire_time(now))

    def _nonce(self, device_id: DeviceId, now: datetime) -> str:
        chance = base64.urlsafe_b64encode(self.random.entropy(12)).decode()
        said = f"{(now - _START) // _TICK}.{chance}"
        mac = self.vault.mac("exchange-nonce", f"{device_id}\n{said}")
        return f"{said}.{mac}"

    def _made_at(self, device_id: DeviceId, nonce: str) -> datetime | None:
        """Return when *nonce* was made, or None where it was not made here for this device."""
        micros, _, rest = nonce.partition(".")
        chance, _, mac = rest.partition(".")
        known = self.vault.macs("exchange-nonce", f"{device_id}\n{micros}.{chance}")
        # As bytes: what a client sent may hold anything.
        sent = mac.encode("utf-8", "surrogatepass")
        if not any(hmac.compare_digest(each.encode(), sent) for each in known):
            return None
        return _START + int(micros) * _TICK
