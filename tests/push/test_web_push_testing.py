"""A push as we make it, before a service that others wrote."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.push.sender import MESSAGE, Sender
from tests.push.web_push_testing import WebPushTesting, web_push_testing


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[WebPushTesting]:
    async with web_push_testing(tmp_path) as running:
        yield running


@pytest.fixture
def sender() -> Sender:
    return Sender()


async def test_it_takes_and_decrypts_a_push(service: WebPushTesting, sender: Sender) -> None:
    subscription = await service.subscribe(sender.public_key)

    response = await sender.push(subscription)

    assert response.status_code == 201, response.text
    assert [json.loads(message) for message in await service.messages(subscription)] == [MESSAGE]


async def test_it_refuses_the_push_of_somebody_else(service: WebPushTesting, sender: Sender) -> None:
    subscription = await service.subscribe(sender.public_key)

    response = await Sender().push(subscription)

    assert response.status_code == 400
    assert await service.messages(subscription) == []


async def test_an_expired_subscription_is_gone(service: WebPushTesting, sender: Sender) -> None:
    subscription = await service.subscribe(sender.public_key)
    await service.expire(subscription)

    response = await sender.push(subscription)

    assert response.status_code == 410
