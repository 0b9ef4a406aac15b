"""The hub's public address: phones pin it, so it is kept, and changes where none is left behind."""

from dataclasses import dataclass

from hub.domain.address import PublicUrl
from hub.domain.audit import Event
from hub.domain.errors import Unavailable
from hub.flows.base import OPERATOR, Flow, device_topic
from hub.ports import Tx

KEPT = "public-url"


class PhonesLeftBehind(Exception):
    """The address has changed, and phones are enrolled at the one before; the message says the way on."""

    def __init__(self, phones: int, old: str, new: str) -> None:
        are = "1 phone is" if phones == 1 else f"{phones} phones are"
        super().__init__(
            f"{are} enrolled at {old}, and the public URL is now {new}: go back to HUB_PUBLIC_URL={old}, "
            f"or see what `hub address change --to {new}` takes off their accounts"
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A change of address, and the phones that must be enrolled again for it."""

    old: PublicUrl
    new: PublicUrl
    phones: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocate(Flow):
    """The address of this process, and the one that the database holds to."""

    address: PublicUrl

    async def demand_kept(self) -> None:
        """Raise PhonesLeftBehind where phones are enrolled at another address than this process's."""
        async with self.store.read() as tx:
            await self._demand(tx, await tx.keys.kept(KEPT) or self.address.origin)

    async def keep(self) -> PublicUrl | None:
        """Hold to this process's address from now on; return the one before if that was another.

        Raises:
            PhonesLeftBehind: see :meth:`demand_kept`.
        """
        new = self.address.origin
        async with self.store.begin() as tx:
            # Locked from here on: processes that start at once, and phones that enrol, come one by one.
            old = await tx.keys.keep(KEPT, new)
            await self._demand(tx, old)
            if old == new:
                return None
            await tx.keys.replace(KEPT, new)
        return PublicUrl(old)

    async def demand_held(self, tx: Tx) -> None:
        """Let nobody change the address until the transaction ends.

        Raises:
            Unavailable: it was changed, and this process is one that is still to be ended.
        """
        if await tx.keys.keep(KEPT, self.address.origin) != self.address.origin:
            raise Unavailable

    async def planned(self, new: PublicUrl) -> Move:
        """Return what a change to *new* comes to."""
        async with self.store.read() as tx:
            return await self._move(tx, await tx.keys.kept(KEPT), new)

    async def change(self, new: PublicUrl) -> Move:
        """Take every phone off its account and hold to *new*; nothing happens where it is the same."""
        now = self.clock.now()
        async with self.store.begin() as tx:
            move = await self._move(tx, await tx.keys.keep(KEPT, self.address.origin), new)
            if move.old == move.new:
                return move
            # Held one by one, as whoever removes a single phone does; one removed meanwhile stays as it is.
            held = [await tx.devices.hold(each.id) for each in await tx.devices.all_active()]
            devices = [device for device in held if device.is_active]
            for device in devices:
                await tx.devices.save(device.removed(now))
                await tx.audit.add(
                    self.record(
                        Event.DEVICE_REMOVED,
                        device.tenant_id,
                        now,
                        actor=OPERATOR,
                        user_id=device.user_id,
                        data={"device": device.id, "name": device.name, "from": move.old.origin},
                    )
                )
            await tx.keys.replace(KEPT, new.origin)
        for device in devices:
            await self.bus.publish(device_topic(device.id))
        return move

    async def _demand(self, tx: Tx, kept: str) -> None:
        if kept == self.address.origin:
            return
        phones, _ = await tx.devices.count_active()
        if phones:
            raise PhonesLeftBehind(phones, kept, self.address.origin)

    async def _move(self, tx: Tx, kept: str | None, new: PublicUrl) -> Move:
        old = PublicUrl(kept) if kept is not None else self.address
        phones, people = await tx.devices.count_active() if old != new else (0, 0)
        return Move(old, new, phones, people)
