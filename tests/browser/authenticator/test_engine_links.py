"""The engine's line to the hub: hubs that restart, sockets that are blocked, windows that take turns."""

import pytest
from playwright.async_api import BrowserContext

from hub.domain.account import User
from hub.domain.tenant import MatchPolicy
from hub.flows.administer import AT_THE_COMMAND_LINE
from tests.browser.authenticator.opened import PIN, App, Scene, ada, sensor
from tests.running import RunningHub

pytestmark = pytest.mark.browser


async def remove(hub: RunningHub, user: User, device_id: str) -> None:
    """Take a phone off its account, as an administrator."""
    await hub.services.devices.remove(
        user.tenant_id,
        user.id,
        device_id,  # type: ignore[arg-type]
        actor=AT_THE_COMMAND_LINE.actor,
    )


async def test_after_a_restart_of_the_hub_the_request_is_still_there(
    place: Scene, context: BrowserContext
) -> None:
    async with place.running() as hub:
        _, user = await ada(hub)
        app = await App.open(context, place.way)
        await app.enrol(hub, user)
        await app.links("live")
        browser = hub.browser()
        await browser.start(user.email)
        request, digits = await app.request(), browser.digits
    await app.links("offline")

    async with place.running() as hub:
        await app.links("live")
        again = await app.request()
        approved = await app.call("approve", again["id"], {"pin": PIN, "match": digits})

        assert again["id"] == request["id"]
        assert approved == {"ok": True, "status": "approved"}


async def test_what_came_while_the_app_was_closed_waits_for_it(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    await app.page.goto("about:blank")
    await hub.browser().start(user.email)

    await app.again()

    assert (await app.request())["kind"] == "login"
    assert (await app.accounts())[0]["email"] == user.email


async def test_a_phone_that_is_removed_forgets_the_account_and_says_so(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    account = await app.enrol(hub, user)
    await app.links("live")

    await remove(hub, user, account)

    async def is_told() -> bool:
        return await app.told("wiped") == [{"tenant": "Demo", "email": user.email}]

    await app.has(is_told)
    assert await app.accounts() == []
    assert await app.history() == ["removed", "added"]
    await app.again()
    assert await app.accounts() == []


async def test_a_phone_removed_while_it_was_away_learns_it_when_it_is_back(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    account = await app.enrol(hub, user)
    await app.page.goto("about:blank")
    await remove(hub, user, account)

    await app.again()

    async def none_is_left() -> bool:
        return not await app.accounts()

    await app.has(none_is_left)
    assert len(await app.told("wiped")) == 1


async def test_the_newest_window_has_the_line_until_the_person_comes_back(
    hub: RunningHub, app: App, place: Scene, context: BrowserContext
) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")

    newer = await App.open(context, place.way)
    await newer.links("live")
    await app.links("elsewhere")
    await hub.browser().start(user.email)
    await newer.request()
    shown_in_both = await app.requests()
    await app.page.bring_to_front()
    await app.call("wake")

    await app.links("live")
    await newer.links("elsewhere")
    await app.request()
    assert shown_in_both == []
    assert await newer.requests() == []


async def test_the_same_device_connected_somewhere_else_makes_it_stand_back(
    hub: RunningHub, app: App
) -> None:
    _, user = await ada(hub)
    account = await app.enrol(hub, user)
    await app.links("live")

    # What the hub does when a second connection of the device proves itself, from wherever.
    device = (await hub.services.devices.listed(user.id))[0].device
    await hub.services.devices.connect(device, "another connection")

    await app.links("elsewhere")
    await app.call("wake")
    await app.links("live")
    assert device.id == account


async def test_an_account_added_in_one_window_is_seen_in_the_other(
    hub: RunningHub, app: App, place: Scene, context: BrowserContext
) -> None:
    _, user = await ada(hub)
    newer = await App.open(context, place.way)

    await newer.enrol(hub, user)

    await newer.links("live")
    await app.links("elsewhere")


async def test_two_accounts_each_have_their_own_requests(hub: RunningHub, app: App) -> None:
    _, at_demo = await ada(hub)
    _, at_acme = await ada(hub, "acme")
    first, second = await app.enrol(hub, at_demo), await app.enrol(hub, at_acme)
    await app.links("live")
    demo, acme = hub.browser(), hub.browser("acme")
    await demo.start(at_demo.email)
    await acme.start(at_acme.email)

    async def both() -> bool:
        return len(await app.requests()) == 2

    await app.has(both)
    by_account = {request["accountId"]: request["id"] for request in await app.requests()}
    denied = await app.call("deny", by_account[first])
    approved = await app.call("approve", by_account[second], {"pin": PIN, "match": acme.digits})

    assert denied["ok"]
    assert approved["ok"]
    assert (await demo.look()).json()["step"] == "failed"
    assert (await acme.look()).json()["step"] == "approved"
    assert [account["tenant"]["slug"] for account in await app.accounts()] == ["demo", "acme"]


async def test_where_sockets_are_blocked_everything_goes_by_calls(
    hub: RunningHub, app: App, place: Scene
) -> None:
    _, user = await ada(hub)
    place.way.sockets = False
    await sensor(app.page)
    account = await app.enrol(hub, user)
    await app.links("exchange")
    browser = hub.browser()
    await browser.start(user.email)

    request = await app.request()
    await app.call("shown", request["id"])
    shown = (await browser.look()).json()["challenge"]["delivery"]
    wrong = await app.call("approve", request["id"], {"pin": "0000", "match": browser.digits})
    approved = await app.call("approve", request["id"], {"pin": PIN, "match": browser.digits})
    renamed = await app.call("rename", account, "Old phone")
    added = await app.call("addBiometrics", account, PIN)

    assert shown == "shown"
    assert (wrong["code"], wrong["triesLeft"]) == ("wrong_pin", 4)
    assert approved == {"ok": True, "status": "approved"}
    assert renamed == added == {"ok": True}
    assert (await browser.look()).json()["step"] == "approved"


async def test_by_calls_it_hears_how_a_request_ended_elsewhere(
    hub: RunningHub, app: App, place: Scene
) -> None:
    _, user = await ada(hub)
    place.way.sockets = False
    await app.enrol(hub, user)
    await app.links("exchange")
    browser = hub.browser()
    await browser.start(user.email)
    await app.request()

    await browser.again("cancel")

    await app.no_request()
    assert (await app.told("over"))[0]["status"] == "cancelled"
    assert await app.history() == ["cancelled", "added"]


async def test_when_sockets_get_through_again_it_goes_back_to_one(
    hub: RunningHub, app: App, place: Scene
) -> None:
    _, user = await ada(hub)
    place.way.sockets = False
    await app.enrol(hub, user)
    await app.links("exchange")

    place.way.sockets = True
    await app.call("wake")

    await app.links("live")


async def test_a_decision_lost_on_the_way_counts_once(place: Scene, context: BrowserContext) -> None:
    async with place.running() as hub:
        _, user = await ada(hub, match=MatchPolicy.OFF)
        app = await App.open(context, place.way)
        await app.enrol(hub, user)
        await app.links("live")
        await hub.browser().start(user.email)
        request = await app.request()
    await app.links("offline")
    await app.page.evaluate(
        "([id, pin]) => { window.answer = engine.approve(id, { pin }); }", [request["id"], PIN]
    )

    async with place.running():
        answer = await app.page.evaluate("() => window.answer")

        assert answer == {"ok": True, "status": "approved"}
        assert await app.history() == ["approved", "added"]


async def test_without_a_network_it_says_so(hub: RunningHub, app: App, context: BrowserContext) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    await hub.browser().start(user.email)
    request = await app.request()

    await context.set_offline(True)
    await app.links("offline")
    account = (await app.accounts())[0]
    answer = await app.call("deny", request["id"])
    await context.set_offline(False)

    assert answer == {"ok": False, "code": "offline"}
    assert account["retryAt"] is not None
    assert account["lastLiveAt"] is not None
    await app.links("live")


async def test_a_phone_is_renamed_tested_and_taken_off_by_itself(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    account = await app.enrol(hub, user)
    await app.links("live")

    renamed = await app.call("rename", account, "Ada's other phone")
    tested = await app.call("test", account)
    request = await app.request()
    approved = await app.call("approve", request["id"], {"pin": PIN})
    name = (await app.accounts())[0]["deviceName"]
    removed = await app.call("remove", account)

    assert (renamed, tested, removed) == ({"ok": True},) * 3
    assert name == "Ada's other phone"
    assert (request["kind"], request["needsMatch"]) == ("test", False)
    assert approved == {"ok": True, "status": "approved"}
    assert await app.accounts() == []
    assert await app.told("wiped") == [], "the person knows"
    assert await hub.services.devices.listed(user.id) == []
