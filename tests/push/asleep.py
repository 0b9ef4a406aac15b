"""Phones that sleep: they gave the hub a subscription and hold no socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.domain.account import User
from tests.push.box import Box
from tests.push.service import PushService, push_service
from tests.running import Phone, RunningHub, ShiftedClock, sqlite_hub, until


@asynccontextmanager
async def hub_that_pushes(
    folder: Path, *, also_allowed: tuple[str, ...] = (), **given: Any
) -> AsyncIterator[tuple[RunningHub, PushService]]:
    """Run a hub, and the push service that it may push to."""
    clock = ShiftedClock()
    async with (
        push_service(clock.now) as service,
        sqlite_hub(folder, clock=clock, push_allow=(service.origin, *also_allowed), **given) as hub,
    ):
        yield hub, service


async def subscribed(hub: RunningHub, phone: Phone, subscription: dict[str, Any]) -> None:
    """Let *phone* take pushes, and go to sleep; only then is it over."""
    async with phone.connected() as device:
        await device.send({"type": "subscribe_push", "subscription": subscription})
        assert await device.until("push") == {"type": "push", "subscribed": True}

    async def is_asleep() -> bool:
        return await hub.services.bus.listeners(f"device:{phone.id}") == [0]

    await until(is_asleep)


async def sleeping_phone(
    hub: RunningHub, service: PushService, user: User, **facts: str
) -> tuple[Phone, Box]:
    """Add a phone that sleeps; return it and what comes for it."""
    phone = await hub.phone(user, **facts)
    box = service.subscribe(hub.services.pusher.public_key)
    await subscribed(hub, phone, box.subscription)
    return phone, box
