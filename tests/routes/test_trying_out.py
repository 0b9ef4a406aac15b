"""Test requests: from the account page, by call, with nobody connected, later, and too often."""

import re
from pathlib import Path

import jwt

from tests.push.box import Box
from tests.push.service import push_service
from tests.routes.acting import audit, person, refused, sign_in
from tests.running import Browser, ExchangePhone, RunningHub, sqlite_hub, until

HOME, DEVICES = "/account/security", "/api/v1/account/devices"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"


async def press(browser: Browser, device_id: str) -> str:
    """Press the button in the row of a phone, without script; return the page that follows."""
    before = await browser.http.get(HOME)
    token = re.findall(r'name="csrf" value="([^"]+)"', before.text)[0]
    assert f'action="{HOME}/devices/{device_id}/test"' in before.text
    sent = await browser.http.post(f"{HOME}/devices/{device_id}/test", data={"csrf": token})
    assert sent.status_code == 303
    return (await browser.http.get(sent.headers["location"])).text


async def test_the_account_page_sends_a_phone_a_test_request(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser(**{"User-Agent": FIREFOX}) as browser:
        await sign_in(phone, browser)
        async with phone.connected() as device:
            sent = await browser.call("POST", f"{DEVICES}/{phone.id}/test")
            card = await device.until("challenge")

            assert (sent.status_code, sent.json()) == (202, {"id": card["id"]})
            claims = jwt.decode(card["request"], options={"verify_signature": False})
            assert (claims["kind"], claims["ctx"]["browser"]) == ("test", "Firefox")
            assert (await device.decide(card["request"]))["status"] == "approved"
            said = audit(hub, "challenge.asked")[-1]
            assert said == {"challenge": card["id"], "kind": "test", "device": phone.id, "delay_s": 0}


async def test_the_button_says_where_to_look(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        async with phone.connected() as device:
            page = await press(browser, phone.id)

            assert "<strong>Sent.</strong> Look at Pixel 9." in page
            assert (await device.until("challenge"))["id"]
        page = await press(browser, phone.id)

        assert "<strong>Pixel 9 is not connected now.</strong>" in page


async def test_a_phone_of_somebody_else_gets_no_test_request(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    _, other = await person(hub, tenant, "eve@demo.test")
    async with hub.browser() as browser:
        await sign_in(phone, browser)

        refused(await browser.call("POST", f"{DEVICES}/{other.id}/test"), 404, "not_found")

        assert [each for each in audit(hub, "challenge.asked") if "kind" in each] == []


async def test_five_test_requests_a_minute_are_enough(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    other = await hub.phone(user, name="Old phone")
    async with hub.browser() as browser, phone.exchanging() as calls:
        await sign_in(phone, browser)
        replies = await calls.say(*[{"type": "test"}] * 6)

        assert [each["type"] for each in replies] == ["test_asked"] * 5 + ["error"]
        assert replies[-1]["code"] == "rate_limited"
        assert len(calls.ready["pending"]) == 1
        refused(await browser.call("POST", f"{DEVICES}/{phone.id}/test"), 429, "rate_limited")
        assert "<strong>That was often.</strong>" in await press(browser, phone.id)
        assert (await browser.call("POST", f"{DEVICES}/{other.id}/test")).status_code == 202


async def test_a_wait_without_a_socket_ends_with_a_test_request_whose_time_has_come(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        (told,) = await calls.say({"type": "test", "delay_s": 1})
        assert calls.ready["pending"] == []

        await calls.wait()

        assert [each["id"] for each in calls.ready["pending"]] == [told["id"]]


async def test_a_sleeping_phone_is_woken_for_a_test_request_at_once_and_later(tmp_path: Path) -> None:
    async with push_service() as service, sqlite_hub(tmp_path, push_allow=service.origin) as hub:
        _, phone = await person(hub, await hub.tenant())
        box = service.subscribe(hub.services.pusher.public_key)
        async with phone.exchanging() as calls:
            await calls.say({"type": "subscribe_push", "subscription": box.subscription})
            assert await woken(calls, box, delay_s=0)
            decided = await calls.decide(calls.ready["pending"][0]["request"])

            request = await woken(calls, box, delay_s=1)

            assert decided["status"] == "approved"
            assert jwt.decode(request, options={"verify_signature": False})["kind"] == "test"
            assert box.refused == []


async def woken(calls: ExchangePhone, box: Box, *, delay_s: int) -> str:
    """Ask for a test request and go to sleep; return the request that the push then carries."""
    (told,) = await calls.say({"type": "test", "delay_s": delay_s})
    came = await until(lambda: [each for each in box.messages() if each["id"] == told["id"]])
    request: str = came[0]["request"]
    return request
