"""The engine against a real hub: enrolled by a code, asked, answering."""

import pytest

from hub.domain.tenant import MatchPolicy
from tests.browser.authenticator.opened import PIN, App, ada, sensor
from tests.running import RunningHub

pytestmark = pytest.mark.browser


async def test_the_preview_says_whose_code_it_is(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)

    told = await app.call("preview", await hub.activation_code(user))

    assert told["ok"]
    assert (told["preview"]["tenant"], told["preview"]["email"]) == ("Demo", "ada@demo.test")
    assert told["preview"]["uv"]["pin"] is True
    assert told["preview"]["issuerHost"] in hub.url
    assert (await app.call("preview", "AAAA-AAAA"))["code"] == "activation_code_invalid"


async def test_the_key_never_leaves_the_browser(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)

    key = await app.page.evaluate(
        """async () => {
          const { Store } = await import("/static/authenticator/engine/store.js");
          const [{ key }] = await (await Store.open()).accounts();
          const exported = await crypto.subtle.exportKey("jwk", key).then(() => true, () => false);
          return { type: key.type, extractable: key.extractable, usages: key.usages, exported };
        }"""
    )

    assert key == {"type": "private", "extractable": False, "usages": ["sign"], "exported": False}


async def test_a_login_is_approved_with_the_pin_and_the_number(hub: RunningHub, app: App) -> None:
    tenant, user = await ada(hub)
    account = await app.enrol(hub, user)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)

    request = await app.request()
    approved = await app.call("approve", request["id"], {"pin": PIN, "match": browser.digits})

    assert approved == {"ok": True, "status": "approved"}
    assert (await browser.look()).json()["step"] == "approved"
    assert await app.requests() == []
    assert await app.told("over") == [{"id": request["id"], "status": "approved", "by": "here"}]
    assert await app.history() == ["approved", "added"]
    assert "challenge.approved" in await hub.audit_types(tenant)
    assert request["accountId"] == account
    assert request["needsMatch"] is True


async def test_what_is_shown_comes_from_the_signed_request(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

    await hub.browser(**{"User-Agent": agent}).start(user.email, app="Acme Wiki")

    request = await app.request()
    assert (request["kind"], request["app"]) == ("login", "Acme Wiki")
    assert (request["from"]["browser"], request["from"]["os"]) == ("Firefox", "Windows")
    assert request["from"]["ip"] == "127.0.0.1"
    assert request["place"] == "own-network"
    assert request["browserKnownSince"] is None
    assert 0 < request["expiresAt"] - request["askedAt"] <= 120_000


async def test_a_browser_that_was_approved_before_is_known(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub, match=MatchPolicy.OFF)
    await app.enrol(hub, user)
    await app.links("live")
    await hub.browser().start(user.email)
    first = await app.request()
    await app.call("approve", first["id"], {"pin": PIN})

    await hub.browser().start(user.email)

    assert first["browserKnownSince"] is None
    assert (await app.request())["browserKnownSince"] >= first["askedAt"]


async def test_a_wrong_pin_says_how_many_are_left_and_changes_nothing(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub, match=MatchPolicy.OFF)
    await app.enrol(hub, user)
    await app.links("live")
    await hub.browser().start(user.email)
    request = await app.request()

    wrong = [await app.call("approve", request["id"], {"pin": "0000"}) for _ in range(5)]
    locked = await app.call("approve", request["id"], {"pin": PIN})

    assert [each["code"] for each in wrong[:4]] == ["wrong_pin"] * 4
    assert [each["triesLeft"] for each in wrong[:4]] == [4, 3, 2, 1]
    assert locked["code"] == "device_locked"
    assert [each["id"] for each in await app.requests()] == [request["id"]]


async def test_a_wrong_number_uses_the_request_up(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    wrong = f"{(int(browser.digits) + 1) % 1_000_000:06}"
    request = await app.request()

    answer = await app.call("approve", request["id"], {"pin": PIN, "match": wrong})

    assert answer == {"ok": False, "code": "over", "status": "denied", "reason": "wrong_match"}
    assert await app.requests() == []
    assert await app.history() == ["denied", "added"]


async def test_deny_is_one_step_and_why_is_said_after_it(hub: RunningHub, app: App) -> None:
    tenant, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    request = await app.request()

    denied = await app.call("deny", request["id"])
    reported = await app.call("report", request["id"], "fraud")

    assert denied == {"ok": True, "status": "denied"}
    assert reported == {"ok": True}
    assert (await browser.look()).json()["step"] == "failed"
    assert await app.history() == ["reported", "added"]
    assert {"challenge.denied", "challenge.reported"} <= set(await hub.audit_types(tenant))


async def test_what_is_over_is_said_to_be_over(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    request = await app.request()

    await browser.again("cancel")

    await app.no_request()
    assert await app.told("over") == [{"id": request["id"], "status": "cancelled", "by": "elsewhere"}]
    assert await app.call("approve", request["id"], {"pin": PIN}) == {
        "ok": False,
        "code": "over",
        "status": "cancelled",
    }
    assert await app.history() == ["cancelled", "added"]


async def test_only_what_is_seen_is_acknowledged(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await app.enrol(hub, user)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    request = await app.request()
    before = (await browser.look()).json()["challenge"]["delivery"]

    await app.call("shown", request["id"])

    async def is_shown() -> bool:
        delivery: str = (await browser.look()).json()["challenge"]["delivery"]
        return delivery == "shown"

    await app.has(is_shown)
    assert before == "sending"


async def test_a_fingerprint_approves(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    await sensor(app.page)
    await app.enrol(hub, user, biometrics=True, pin="")
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    request = await app.request()

    approved = await app.call("approve", request["id"], {"match": browser.digits})

    assert approved == {"ok": True, "status": "approved"}
    assert (await app.accounts())[0]["uv"] == {"pin": False, "webauthn": True}


async def test_a_finger_that_is_not_the_persons_approves_nothing(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    session, reader = await sensor(app.page)
    await app.enrol(hub, user, biometrics=True)
    await app.links("live")
    browser = hub.browser()
    await browser.start(user.email)
    request = await app.request()
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": reader, "isUserVerified": False})

    refused = await app.call("approve", request["id"], {"match": browser.digits})
    by_pin = await app.call("approve", request["id"], {"match": browser.digits, "pin": PIN})

    assert refused == {"ok": False, "code": "uv_cancelled"}
    assert by_pin["ok"]


async def test_a_fingerprint_is_added_to_an_account_with_a_pin(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub, match=MatchPolicy.OFF)
    await sensor(app.page)
    account = await app.enrol(hub, user)
    await app.links("live")

    wrong = await app.call("addBiometrics", account, "0000")
    added = await app.call("addBiometrics", account, PIN)
    await hub.browser().start(user.email)
    approved = await app.call("approve", (await app.request())["id"])

    assert (wrong["code"], wrong["triesLeft"]) == ("wrong_pin", 4)
    assert added == {"ok": True}
    assert approved["ok"]


async def test_somebody_who_lets_the_sheet_go_is_not_enrolled(hub: RunningHub, app: App) -> None:
    _, user = await ada(hub)
    session, reader = await sensor(app.page)
    code = await hub.activation_code(user)
    preview = (await app.call("preview", code))["preview"]
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": reader, "isUserVerified": False})

    refused = await app.call("enrol", preview, {"name": "Pixel 9", "biometrics": True})

    assert refused == {"ok": False, "code": "cancelled"}
    assert await app.accounts() == []
    assert (await app.call("preview", code))["ok"], "the code stays good"
