"""A person's phones: the socket that each holds, the list, a new name, removal at once."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain.account import Session, User, UserStatus
from hub.domain.audit import Actor, Event
from hub.domain.challenge import Challenge, Status
from hub.domain.device import NAME_MAX, Device
from hub.domain.errors import BadProof, BadSubscription, DeviceRemoved, Invalid, NotFound
from hub.domain.ids import ChallengeId, DeviceId, TenantId, UserId
from hub.domain.tenant import Tenant
from hub.domain.words import name_errors
from hub.flows.activate import demand_fresh
from hub.flows.base import Flow, device_topic
from hub.ports import Pusher, Tokens, Tx
from hub.protocol import PushSubscription


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whose phone proved itself."""

    device: Device
    user: User
    tenant: Tenant


@dataclass(frozen=True, slots=True)
class Sight:
    """What a phone sees on one look.

    Attributes:
        pending: every challenge that waits for this phone now.
        over: those of the asked-about ones that wait no longer.
        superseded: whether the device has connected again elsewhere.
        next_at: when the next one will be asked that is to come later.
    """

    device: Device
    pending: list[Challenge]
    over: list[tuple[ChallengeId, Status]]
    superseded: bool
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A device as its owner sees it; *online* is None where nobody can say."""

    device: Device
    online: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices(Flow):
    """Phones of a user."""

    tokens: Tokens
    pusher: Pusher

    async def admit(self, device_id: DeviceId, proof: str, nonce: str) -> Admitted:
        """Let a phone in that proves its key over *nonce*.

        Raises:
            BadProof: unknown device, a proof that does not fit, or a blocked user.
            DeviceRemoved: the proof fits, and the device was removed.
        """
        async with self.store.read() as tx:
            try:
                device = await tx.devices.get(device_id)
            except NotFound:
                raise BadProof from None
            if self.tokens.read_proof(proof, device, nonce, self.clock.now()) is None:
                raise BadProof
            if not device.is_active:
                raise DeviceRemoved
            user = await tx.users.get(device.tenant_id, device.user_id)
            if user.status is not UserStatus.ACTIVE:
                raise BadProof
            return Admitted(device, user, await tx.tenants.get(device.tenant_id))

    async def connect(self, device: Device, connection: str) -> Sight:
        """Make *connection* the device's newest socket, and look; older ones see it and end."""
        async with self.store.begin() as tx:
            await tx.devices.connect(device.id, connection)
            sight = await self._look(tx, device.id, connection, ())
        await self.bus.publish(device_topic(device.id))
        return sight

    async def look(
        self, device_id: DeviceId, connection: str | None, shown: Collection[ChallengeId]
    ) -> Sight:
        """Look again.

        Args:
            connection: the socket's, None without one.
            shown: challenges that the phone was sent and has not put away.

        Raises:
            DeviceRemoved: it was taken from the account.
            BadProof: its user was blocked.
        """
        async with self.store.read() as tx:
            return await self._look(tx, device_id, connection, shown)

    async def _look(
        self, tx: Tx, device_id: DeviceId, connection: str | None, shown: Collection[ChallengeId]
    ) -> Sight:
        now = self.clock.now()
        device = await tx.devices.get(device_id)
        if not device.is_active:
            raise DeviceRemoved
        user = await tx.users.get(device.tenant_id, device.user_id)
        if user.status is not UserStatus.ACTIVE:
            raise BadProof
        waiting = await tx.challenges.pending_of_user(device.user_id, now)
        mine = [challenge for challenge in waiting if challenge.is_for(device.id)]
        pending = [challenge for challenge in mine if challenge.created_at <= now]
        gone = set(shown) - {challenge.id for challenge in pending}
        over = [
            (each.id, each.status_at(now))
            for each in await tx.challenges.several(sorted(gone))
            # Without a socket the phone itself says what it was shown.
            if each.user_id == device.user_id and each.is_for(device.id)
            if each.status_at(now) is not Status.PENDING
        ]
        return Sight(
            device,
            pending,
            over,
            superseded=connection is not None and device.connection != connection,
            next_at=min((each.created_at for each in mine if each.created_at > now), default=None),
        )

    async def listed(self, user_id: UserId) -> list[Listed]:
        """Return the user's phones and whether each listens now."""
        async with self.store.read() as tx:
            devices = await tx.devices.of_user(user_id)
        counts = await self.bus.listeners(*(device_topic(device.id) for device in devices))
        return [
            Listed(device, None if count is None else count > 0)
            for device, count in zip(devices, counts, strict=True)
        ]

    async def subscribe(self, device: Device, subscription: PushSubscription | None) -> None:
        """Take web pushes for *device* there from now on, or nowhere.

        Raises:
            BadSubscription: nothing is pushed to such a place; the one it had stays.
            NotFound: it is no longer the user's.
        """
        if subscription is not None and not self.pusher.takes(subscription):
            raise BadSubscription
        sealed = self.vault.seal("subscription", subscription.model_dump_json()) if subscription else None
        async with self.store.begin() as tx:
            held = await self._own(tx, device.tenant_id, device.user_id, device.id)
            await tx.devices.save(replace(held, subscription=sealed))

    def is_subscribed(self, device: Device) -> bool:
        """Whether web pushes to *device* have somewhere to go; not where the key is gone that sealed it."""
        try:
            return device.subscription is not None and bool(
                self.vault.unseal("subscription", device.subscription)
            )
        except ValueError:
            return False

    async def rename(
        self, tenant_id: TenantId, user_id: UserId, device_id: DeviceId, name: str, *, actor: Actor
    ) -> Listed:
        """Give a phone of a person another name; raises NotFound, Invalid."""
        if errors := name_errors(name, "name", NAME_MAX):
            raise Invalid(errors=errors)
        now = self.clock.now()
        async with self.store.begin() as tx:
            device = await self._own(tx, tenant_id, user_id, device_id)
            renamed = replace(device, name=name.strip())
            await tx.devices.save(renamed)
            await tx.audit.add(
                self.record(
                    Event.DEVICE_RENAMED,
                    tenant_id,
                    now,
                    actor=actor,
                    user_id=user_id,
                    data={"device": device.id, "from": device.name, "to": renamed.name},
                )
            )
        (online,) = await self.bus.listeners(device_topic(device_id))
        return Listed(renamed, None if online is None else online > 0)

    async def unlock(
        self,
        tenant_id: TenantId,
        user_id: UserId,
        device_id: DeviceId,
        *,
        actor: Actor,
        session: Session | None = None,
    ) -> None:
        """Let a phone approve again that five wrong PINs have locked; otherwise as :meth:`remove`."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            device = await self._own(tx, tenant_id, user_id, device_id)
            demand_fresh(session, await tx.devices.of_user(user_id), now)
            if not device.is_locked:
                return
            await tx.devices.save(device.unlocked())
            await tx.audit.add(
                self.record(
                    Event.DEVICE_UNLOCKED,
                    tenant_id,
                    now,
                    actor=actor,
                    user_id=user_id,
                    data={"device": device.id, "name": device.name},
                )
            )

    async def remove(
        self,
        tenant_id: TenantId,
        user_id: UserId,
        device_id: DeviceId,
        *,
        actor: Actor,
        session: Session | None = None,
    ) -> None:
        """Take a phone from the account; its socket closes at once, on whichever node holds it.

        Args:
            session: the account page's session that asks, where one does; it must be fresh.

        Raises:
            NotFound, StepUpRequired.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            device = await self._own(tx, tenant_id, user_id, device_id)
            demand_fresh(session, await tx.devices.of_user(user_id), now)
            await tx.devices.save(device.removed(now))
            await tx.audit.add(
                self.record(
                    Event.DEVICE_REMOVED,
                    tenant_id,
                    now,
                    actor=actor,
                    user_id=user_id,
                    data={"device": device.id, "name": device.name},
                )
            )
        await self.bus.publish(device_topic(device_id))

    async def _own(self, tx: Tx, tenant_id: TenantId, user_id: UserId, device_id: DeviceId) -> Device:
        device = await tx.devices.hold(device_id)
        if device.tenant_id != tenant_id or device.user_id != user_id or not device.is_active:
            raise NotFound
        return device
