"""One hub of two processes: the phone is on one, the browser on the other."""

import asyncio
import time

import pytest

from tests.faults.nodes import Nodes
from tests.running import JSON, MSGPACK

AT_ONCE_S = 1.0


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_browser_is_signed_in_by_a_phone_on_the_other_node(nodes: Nodes, subprotocol: str) -> None:
    phone = await nodes.phone()
    async with (
        nodes.browser(at=nodes.home) as browser,
        phone.connected(subprotocol, nodes.other.url) as device,
    ):
        await browser.start()

        async with browser.watching() as page:
            card = await device.until("challenge")
            await device.send({"type": "ack", "id": card["id"]})
            shown = await page.until("state", step="push")
            while shown["challenge"]["delivery"] != "shown":
                shown = await page.until("state", step="push")
            tapped = time.monotonic()
            decided = await device.decide(card["request"], match=browser.digits)
            resolved = await page.until("resolved")
            waited_s = time.monotonic() - tapped
        completed = await browser.again("complete")

        assert decided == {"type": "decided", "id": card["id"], "status": "approved"}
        assert resolved == {"type": "resolved", "status": "approved"}
        assert waited_s < AT_ONCE_S
        assert completed.json()["step"] == "done"


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_denial_on_one_node_ends_the_login_on_the_other(nodes: Nodes, subprotocol: str) -> None:
    phone = await nodes.phone()
    async with (
        nodes.browser(at=nodes.home) as browser,
        phone.connected(subprotocol, nodes.other.url) as device,
    ):
        await browser.start()

        async with browser.watching() as page:
            card = await device.until("challenge")
            decided = await device.decide(card["request"], "deny")
            resolved = await page.until("resolved")
        completed = await browser.again("complete")

        assert decided == {"type": "decided", "id": card["id"], "status": "denied"}
        assert resolved == {"type": "resolved", "status": "denied"}
        assert completed.json()["code"] == "wrong_step"
        assert "challenge.denied" in await nodes.audit()


async def test_a_long_poll_hears_of_a_tap_on_the_other_node(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.connected(url=nodes.other.url) as device:
        await browser.start()
        card = await device.until("challenge")

        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(browser.look(f"?wait=25&since={browser.answer['version']}"))
            tapped = time.monotonic()
            await device.decide(card["request"], match=browser.digits)
        waited_s = time.monotonic() - tapped

        assert poll.result().json()["step"] == "approved"
        assert waited_s < AT_ONCE_S


async def test_another_phone_on_another_node_puts_the_card_away(nodes: Nodes) -> None:
    user = await nodes.user()
    one, two = await nodes.operator.phone(user), await nodes.operator.phone(user)
    async with (
        nodes.browser() as browser,
        one.connected(url=nodes.home.url) as asked,
        two.connected(url=nodes.other.url) as too,
    ):
        await browser.start()
        card = await asked.until("challenge")
        same = await too.until("challenge")

        await asked.decide(card["request"], match=browser.digits)
        told = await too.until("resolved")

        assert same == card
        assert told == {"type": "resolved", "id": card["id"], "status": "approved"}


async def test_removing_a_phone_closes_its_socket_on_the_other_node_at_once(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser() as browser, phone.connected(url=nodes.other.url) as device:
        await browser.start()
        card = await device.until("challenge")
        await device.decide(card["request"], match=browser.digits)
        await browser.again("complete")
        listed = (await browser.call("GET", "/api/v1/account/devices")).json()

        removed_at = time.monotonic()
        removed = await browser.call("DELETE", f"/api/v1/account/devices/{phone.id}")
        code = await device.closed()
        waited_s = time.monotonic() - removed_at

        assert [each["online"] for each in listed] == [True]
        assert removed.status_code == 204
        assert code == 4403
        assert waited_s < AT_ONCE_S
        async with phone.socket(url=nodes.home.url) as back:
            hello = await back.next()
            proof = phone.proof(hello["nonce"])
            await back.send({"type": "authenticate", "device_id": phone.id, "proof": proof})
            assert await back.closed() == 4403


async def test_the_newest_connection_wins_on_whichever_node_it_is(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with (
        nodes.browser() as browser,
        phone.connected(url=nodes.other.url) as older,
        phone.connected(url=nodes.home.url) as newer,
    ):
        code = await older.closed()
        await browser.start()
        card = await newer.until("challenge")

        assert code == 4409
        assert card["id"] == browser.answer["challenge"]["id"]
