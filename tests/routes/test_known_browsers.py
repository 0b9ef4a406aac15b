"""Known browsers: how one becomes known, what it is good for, and how it is forgotten (SECURITY.md)."""

import pytest

from hub.domain.account import UserStatus
from hub.domain.tenant import Tenant
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from tests.routes.acting import (
    ADA,
    answer,
    audit,
    change_policy,
    known_cookie,
    person,
    sign_in,
    sign_in_by_password,
)
from tests.running import Browser, Phone, RunningHub

PASSWORD = "correct horse battery"
DAY_S = 24 * 3600


async def known(hub: RunningHub, tenant: Tenant, email: str = ADA) -> tuple[Phone, Browser]:
    """Add a person; return their phone and the browser in which they are known."""
    _, phone = await person(hub, tenant, email)
    browser = hub.browser(tenant.slug)
    assert known_cookie(await sign_in(phone, browser, email)) is not None
    return phone, browser


async def asks_for_a_match(browser: Browser, email: str = ADA) -> bool:
    """Begin a sign-in; say whether the number must be typed; call it off."""
    begun = await browser.start(email)
    asked = "match" in begun["challenge"]
    await browser.again("cancel")
    return asked


async def test_a_match_makes_a_browser_known_and_one_tap_is_enough_then(hub: RunningHub) -> None:
    phone, browser = await known(hub, await hub.tenant())
    async with browser:
        begun = await browser.start()
        assert "match" not in begun["challenge"]
        assert (await answer(phone, browser))["status"] == "approved"
        assert (await browser.again("complete")).json()["step"] == "done"

        assert len(audit(hub, "browser.known")) == 1


async def test_without_a_match_no_browser_becomes_known(hub: RunningHub) -> None:
    tenant = await hub.tenant(match="off")
    _, phone = await person(hub, tenant)
    await hub.user(tenant, "password@demo.test", password=PASSWORD)
    async with hub.browser() as browser:
        assert known_cookie(await sign_in(phone, browser)) is None
        assert known_cookie(await sign_in_by_password(browser, "password@demo.test", PASSWORD)) is None

        await change_policy(hub, tenant, match="new_browser")
        assert await asks_for_a_match(browser)
        assert audit(hub, "browser.known") == []


@pytest.mark.parametrize(("policy", "asked"), [("off", [False, False]), ("always", [True, True])])
async def test_off_never_asks_for_the_number_and_always_does(
    hub: RunningHub, policy: str, asked: list[bool]
) -> None:
    tenant = await hub.tenant()
    _, browser = await known(hub, tenant)
    await change_policy(hub, tenant, match=policy)
    async with browser, hub.browser() as stranger:
        assert [await asks_for_a_match(each) for each in (browser, stranger)] == asked


async def test_a_browser_is_known_to_one_account_alone(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, browser = await known(hub, tenant)
    await person(hub, tenant, "bob@demo.test")
    async with browser:
        (adas,) = [name for name in browser.http.cookies if "known-" in name]
        assert await asks_for_a_match(browser, "bob@demo.test")
        bobs = await browser.start("bob@demo.test")
        # The cookie under the name of the other account is worth nothing either.
        account = hub.services.sign_in.account_key("demo", "bob@demo.test")
        browser.http.cookies.set(f"lumo-known-{account[:16]}", browser.http.cookies[adas])
        await browser.again("cancel")

        assert "match" in bobs["challenge"]
        hub.clock.advance(60)
        assert await asks_for_a_match(browser, "bob@demo.test")
        assert not await asks_for_a_match(browser)


async def test_the_cookie_is_a_new_one_at_each_sign_in(hub: RunningHub) -> None:
    phone, browser = await known(hub, await hub.tenant())
    async with browser:
        (name,) = [each for each in browser.http.cookies if "known-" in each]
        values = [browser.http.cookies[name]]
        for _ in range(2):
            rotated = known_cookie(await sign_in(phone, browser))
            assert rotated is not None
            assert rotated[0] == name
            values.append(rotated[1])

        assert len(set(values)) == 3


async def test_the_value_before_is_good_for_a_minute_and_then_forgets_the_browser(hub: RunningHub) -> None:
    phone, browser = await known(hub, await hub.tenant())
    async with browser, hub.browser() as late:
        (name,) = [each for each in browser.http.cookies if "known-" in each]
        old = browser.http.cookies[name]
        await sign_in(phone, browser)
        late.http.cookies.set(name, old)

        hub.clock.advance(59)
        assert not await asks_for_a_match(late)
        assert audit(hub, "browser.forgotten") == []
        hub.clock.advance(2)

        assert await asks_for_a_match(late)
        assert len(audit(hub, "browser.forgotten")) == 1
        assert await asks_for_a_match(browser)


async def test_a_value_before_the_last_but_one_forgets_the_browser_at_once(hub: RunningHub) -> None:
    phone, browser = await known(hub, await hub.tenant())
    async with browser, hub.browser() as thief:
        (name,) = [each for each in browser.http.cookies if "known-" in each]
        thief.http.cookies.set(name, browser.http.cookies[name])
        for _ in range(2):
            await sign_in(phone, browser)

        assert await asks_for_a_match(thief)
        assert await asks_for_a_match(browser)


async def test_thirty_days_after_the_last_sign_in_a_browser_is_unknown(hub: RunningHub) -> None:
    phone, browser = await known(hub, await hub.tenant())
    async with browser:
        hub.clock.advance(29 * DAY_S)
        await sign_in(phone, browser)
        hub.clock.advance(30 * DAY_S - 5)
        assert not await asks_for_a_match(browser)
        hub.clock.advance(5)

        assert await asks_for_a_match(browser)


async def test_a_denial_forgets_the_browser_that_asked_and_no_other(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    phone, browser = await known(hub, tenant)
    async with browser, hub.browser() as second:
        await sign_in(phone, second)
        await browser.start()
        await answer(phone, browser, "deny")

        assert await asks_for_a_match(browser)
        assert not await asks_for_a_match(second)


async def test_blocking_forgets_every_browser(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    phone, browser = await known(hub, tenant)
    async with browser:
        for status in (UserStatus.BLOCKED, UserStatus.ACTIVE):
            await hub.services.administer.change_user(
                tenant.id, phone.facts["user_id"], Changes(status=status), by=AT_THE_COMMAND_LINE
            )

        assert await asks_for_a_match(browser)


async def test_enrolling_a_phone_makes_the_browser_known(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await hub.user(tenant, password=PASSWORD)
    async with hub.browser() as browser, hub.browser() as other:
        for each in (browser, other):
            await sign_in_by_password(each, ADA, PASSWORD)
        made = (await browser.call("POST", "/api/v1/account/enrollments")).json()
        await Phone(hub.url, now=hub.clock.now).enroll(made["activation_code"])

        path = f"/api/v1/account/enrollments/{made['id']}"
        assert known_cookie(await other.call("GET", path)) is None
        assert known_cookie(await browser.call("GET", path)) is not None
        assert known_cookie(await browser.call("GET", path)) is None
        assert not await asks_for_a_match(browser)
        assert await asks_for_a_match(other)
