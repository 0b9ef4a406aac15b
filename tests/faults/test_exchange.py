"""A phone without a socket before two nodes: one nonce for both, and waits that outlive the bus."""

import asyncio
import time

from redis import Redis

from tests.faults.nodes import Nodes, well
from tests.running import Phone, until

PATH = "/api/v1/device/exchange"
WITHOUT_BUS_S = 2.5


def listens(nodes: Nodes, phone: Phone) -> bool:
    """Whether some process listens for *phone*."""
    with Redis.from_url(nodes.redis.url) as client:
        return any(phone.id.encode() in channel for channel in client.pubsub_channels())


async def test_a_nonce_of_one_node_is_good_once_at_both(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with phone.exchanging() as here, phone.exchanging(nodes.other.url) as there:
        await here.say()
        body = {"device_id": phone.id, "proof": phone.proof(here.nonce)}

        answers = await asyncio.gather(*(each.http.post(PATH, json=body) for each in (here, there) * 4))

        assert sorted(each.status_code for each in answers) == [200] + [401] * 7


async def test_a_wait_at_one_node_ends_with_what_another_asks(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.exchanging(nodes.other.url) as calls:
        await calls.say()
        wait = asyncio.create_task(calls.wait())
        await until(lambda: listens(nodes, phone))

        begun = await browser.start()

        await wait
        assert [each["id"] for each in calls.ready["pending"]] == [begun["challenge"]["id"]]


async def test_a_wait_looks_once_a_second_while_redis_is_gone(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.exchanging(nodes.other.url) as calls:
        await calls.say()
        wait = asyncio.create_task(calls.wait())
        await until(lambda: listens(nodes, phone))
        nodes.redis.kill()
        try:
            await until(lambda: not any(well(node) for node in nodes.both))
            asked = time.monotonic()
            begun = await browser.start()
            await wait
            waited_s = time.monotonic() - asked
        finally:
            nodes.redis.restart()

        assert [each["id"] for each in calls.ready["pending"]] == [begun["challenge"]["id"]]
        assert waited_s < WITHOUT_BUS_S
