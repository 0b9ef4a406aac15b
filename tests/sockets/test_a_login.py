"""The main job: an email, a phone, a signed-in browser; over real sockets."""

import pytest

from tests.running import JSON, MSGPACK, RunningHub
from tests.sockets.world import someone

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_browser_is_signed_in_when_its_phone_approves(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.browser() as browser, who.phone.connected(subprotocol) as device:
        await browser.start()

        async with browser.watching() as page:
            card = await device.until("challenge")
            await device.send({"type": "ack", "id": card["id"]})
            shown = await page.until("state", step="push")
            decided = await device.decide(card["request"], match=browser.digits)
            resolved = await page.until("resolved")
        completed = await browser.again("complete")

        assert shown["challenge"]["id"] == card["id"]
        assert decided == {"type": "decided", "id": card["id"], "status": "approved"}
        assert resolved == {"type": "resolved", "status": "approved"}
        assert completed.json() == {"step": "done", "redirect": "/account/security"}
        devices = await browser.call("GET", "/api/v1/account/devices")
        assert [each["name"] for each in devices.json()] == ["Pixel 9"]


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_denial_is_final_and_audited(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.browser() as browser, who.phone.connected(subprotocol) as device:
        await browser.start()

        async with browser.watching() as page:
            card = await device.until("challenge")
            decided = await device.decide(card["request"], "deny")
            resolved = await page.until("resolved")
        after = await device.decide(card["request"], match=browser.digits)
        completed = await browser.again("complete")

        assert decided == {"type": "decided", "id": card["id"], "status": "denied"}
        assert resolved == {"type": "resolved", "status": "denied"}
        assert after == {"type": "decided", "id": card["id"], "status": "denied"}
        assert completed.json()["code"] == "wrong_step"
        assert "challenge.denied" in await who.audited()
