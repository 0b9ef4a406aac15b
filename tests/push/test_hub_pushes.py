"""The hub's own web pushes, before a push service that others wrote."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.push.asleep import subscribed
from tests.push.web_push_testing import WebPushTesting, web_push_testing
from tests.running import RunningHub, sqlite_hub, until


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[WebPushTesting]:
    async with web_push_testing(tmp_path) as running:
        yield running


@pytest.fixture
async def hub(tmp_path: Path, service: WebPushTesting) -> AsyncIterator[RunningHub]:
    async with sqlite_hub(tmp_path, push_allow=(service.origin,)) as running:
        yield running


async def test_it_decrypts_what_the_hub_pushes(hub: RunningHub, service: WebPushTesting) -> None:
    user = await hub.user(await hub.tenant())
    phone = await hub.phone(user)
    subscription = await service.subscribe(hub.services.pusher.public_key)
    await subscribed(hub, phone, subscription)

    browser = hub.browser()
    await browser.start()

    (message,) = await until(lambda: service.messages(subscription))
    asked = json.loads(message)
    assert (asked["type"], asked["account"]) == ("challenge", user.id)
    async with phone.connected() as socket:
        assert asked["request"] == socket.ready["pending"][0]["request"]
        reply = await socket.decide(asked["request"], match=browser.digits)
    assert reply == {"type": "decided", "id": asked["id"], "status": "approved"}


async def test_a_subscription_that_is_gone_there_is_gone_from_the_hub(
    hub: RunningHub, service: WebPushTesting
) -> None:
    tenant = await hub.tenant()
    phone = await hub.phone(await hub.user(tenant))
    subscription = await service.subscribe(hub.services.pusher.public_key)
    await subscribed(hub, phone, subscription)
    await service.expire(subscription)

    browser = hub.browser()
    await browser.start()

    async def unreachable() -> bool:
        answer = (await browser.look()).json()
        return bool(answer["challenge"]["delivery"] == "unreachable")

    await until(unreachable, within_s=15)
    async with phone.connected() as socket:
        assert socket.ready["push_subscribed"] is False
    assert "device.push_lost" in await hub.audit_types(tenant)
    assert await service.messages(subscription) == []
