"""Redis dies, hangs and comes back, in the middle of what people do."""

import statistics
import time
from collections.abc import AsyncIterator

import pytest

from tests.faults.nodes import Nodes, well
from tests.running import DeviceSocket, until

WITHOUT_BUS_S = 2.0
WITH_BUS_S = 0.1
FROZEN_S = 1.3


@pytest.fixture
async def nodes(nodes: Nodes) -> AsyncIterator[Nodes]:
    """The two nodes; whatever a test did to Redis, it runs afterwards."""
    yield nodes
    nodes.redis.restart()


async def test_a_browser_is_signed_in_though_redis_dies_before_the_tap(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.connected(url=nodes.other.url) as device:
        await browser.start()
        async with browser.watching() as page:
            card = await device.until("challenge")
            await page.until("state", step="push")

            nodes.redis.kill()
            tapped = time.monotonic()
            decided = await device.decide(card["request"], match=browser.digits)
            resolved = await page.until("resolved")
            waited_s = time.monotonic() - tapped
        completed = await browser.again("complete")

        assert decided["status"] == resolved["status"] == "approved"
        assert waited_s < WITHOUT_BUS_S
        assert completed.json()["step"] == "done"


async def test_without_redis_a_whole_login_still_works(nodes: Nodes) -> None:
    phone = await nodes.phone()
    nodes.redis.kill()
    async with nodes.browser() as browser, phone.connected(url=nodes.other.url) as device:
        await until(lambda: not any(well(node) for node in nodes.both))

        asked = time.monotonic()
        await browser.start()
        card = await device.until("challenge")
        rang_s = time.monotonic() - asked
        async with browser.watching() as page:
            await device.decide(card["request"], match=browser.digits)
            resolved = await page.until("resolved")
        completed = await browser.again("complete")

        assert rang_s < WITHOUT_BUS_S
        assert resolved["status"] == "approved"
        assert completed.json()["step"] == "done"


async def test_once_redis_is_back_a_browser_is_signed_in_at_the_tap_again(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with phone.connected(url=nodes.other.url) as device:
        nodes.redis.kill()
        await until(lambda: not any(well(node) for node in nodes.both))
        nodes.redis.start()
        await until(lambda: all(well(node) for node in nodes.both))

        waits = [await _from_tap_to_browser(nodes, device) for _ in range(5)]

        assert statistics.median(waits) < WITH_BUS_S, waits


async def test_a_frozen_redis_holds_a_login_up_for_a_second_at_most(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.connected(url=nodes.other.url) as device:
        nodes.redis.freeze()

        asked = time.monotonic()
        await browser.start()
        started_s = time.monotonic() - asked
        card = await device.until("challenge")
        decided = await device.decide(card["request"], match=browser.digits)
        completed = await browser.again("complete")

        assert started_s < FROZEN_S
        assert decided["status"] == "approved"
        assert completed.json()["step"] == "done"


@pytest.mark.parametrize("ail", ["kill", "freeze"])
async def test_readiness_says_degraded_while_redis_is_away_and_ok_afterwards(nodes: Nodes, ail: str) -> None:
    getattr(nodes.redis, ail)()
    await until(lambda: not any(well(node) for node in nodes.both))

    status, body = nodes.home.get("/readyz")
    alive, _ = nodes.home.get("/healthz")
    nodes.redis.restart()

    assert (status, alive) == (200, 200)
    assert body == {
        "status": "degraded",
        "checks": {"database": "ok", "bus": "unavailable", "process": "ok"},
    }
    await until(lambda: all(well(node) for node in nodes.both))


async def test_a_hub_starts_without_redis_and_finds_it_later(nodes: Nodes) -> None:
    nodes.redis.kill()
    nodes.other.stop()

    nodes.other.start()
    started = nodes.other.get("/readyz")
    nodes.redis.start()

    assert (started[0], started[1]["status"]) == (200, "degraded")
    await until(lambda: well(nodes.other))


async def _from_tap_to_browser(nodes: Nodes, device: DeviceSocket) -> float:
    async with nodes.browser() as browser:
        await browser.start()
        async with browser.watching() as page:
            card = await device.until("challenge")
            await page.until("state", step="push")
            tapped = time.monotonic()
            await device.decide(card["request"], match=browser.digits)
            await page.until("resolved", status="approved")
            return time.monotonic() - tapped
