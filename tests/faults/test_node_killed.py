"""A process of the hub is gone without a word; its clients come to another one."""

import asyncio

from tests.faults.nodes import Nodes
from tests.processes import move
from tests.running import PATIENCE_S, LoginSocket


async def test_who_waited_at_a_killed_node_goes_on_at_another(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser(at=nodes.home) as browser:
        async with phone.connected(url=nodes.home.url) as device:
            await browser.start()
            shown = browser.digits
            async with browser.watching() as page:
                card = await device.until("challenge")
                await page.until("state", step="push")

                nodes.home.kill()
                gone = {await device.closed(), await _closed(page)}

        move(browser, nodes.other)
        async with phone.connected(url=nodes.other.url) as device:
            await browser.look()
            move(browser, nodes.other)
            async with browser.watching() as page:
                state = await page.until("state")
                decided = await device.decide(card["request"], match=shown)
                resolved = await page.until("resolved")
        completed = await browser.again("complete")

        assert gone == {1006}
        assert device.ready["pending"] == [card]
        assert state["challenge"]["match"]["digits"] == shown
        assert decided["status"] == resolved["status"] == "approved"
        assert completed.json()["step"] == "done"
        assert (await nodes.audit()).count("challenge.approved") == 1


async def test_an_approval_at_a_node_that_dies_then_is_not_lost(nodes: Nodes) -> None:
    phone = await nodes.phone()
    async with nodes.browser(at=nodes.other) as browser:
        async with phone.connected(url=nodes.home.url) as device:
            await browser.start()
            card = await device.until("challenge")
            await device.decide(card["request"], match=browser.digits)
            nodes.home.kill()
        async with phone.connected(url=nodes.other.url) as device:
            again = await device.decide(card["request"], match=browser.digits)

        completed = await browser.again("complete")

        assert device.ready["pending"] == []
        assert again["status"] == "approved"
        assert completed.json()["step"] == "done"
        assert (await nodes.audit()).count("challenge.approved") == 1


async def _closed(page: LoginSocket) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        await page.connection.wait_closed()
    return page.connection.close_code
