"""Signing in, as the person at the browser sees it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from hub.adapters.sql.migrate import migrate
from hub.domain.tenant import MatchPolicy, PushMode
from tests.browser.people import ADA, PASSWORD, ada_with_a_phone, awake, digits_on, give_email
from tests.browser.relay import relay
from tests.running import RunningHub, running_hub

pytestmark = pytest.mark.browser

SIGNED_IN = "**/account/security"


async def test_the_number_typed_on_the_phone_leads_to_the_account(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await awake(page)
        await phone.looks()
        await expect(page.locator(".link-line:visible")).to_have_text("Shown on your phone")

        await phone.approves(await digits_on(page))

        await page.wait_for_url(SIGNED_IN)
        await expect(page.get_by_text("Online now")).to_be_visible()


async def test_a_known_browser_asks_for_one_tap(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await phone.looks()
        await phone.approves(await digits_on(page))
        await page.wait_for_url(SIGNED_IN)

        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("link", name="Sign in again").click()
        await page.get_by_label("Work email").fill(ADA)
        await page.keyboard.press("Enter")

        await expect(page.get_by_text("You have used this browser before")).to_be_visible()
        await phone.looks()
        await phone.approves()
        await page.wait_for_url(SIGNED_IN)


async def test_a_denial_is_said_and_takes_the_focus(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await awake(page)
        await phone.looks()

        await phone.denies()

        await expect(page.get_by_role("heading", name="Denied on your phone")).to_be_focused()
        await expect(page).to_have_title("Denied · Demo")
        await expect(page.locator("[data-fill=digits-a]")).to_have_count(0)


async def test_a_wrong_number_ends_the_request(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await awake(page)
        right = await digits_on(page)
        await phone.looks()

        await phone.approves("000000" if right != "000000" else "000001")

        await expect(page.get_by_role("heading", name="That number did not match")).to_be_focused()


async def test_cancelling_takes_the_keyboard_alone(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub):
        await give_email(page, hub)
        cancel = page.get_by_role("button", name="Cancel")
        await awake(page)

        for _ in range(6):
            await page.keyboard.press("Tab")
            if await cancel.evaluate("button => button === document.activeElement"):
                break
        await page.keyboard.press("Enter")

        await expect(page.get_by_role("heading", name="Sign-in cancelled")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Start again")).to_be_focused()


async def test_a_request_that_ran_out_can_be_sent_anew(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await awake(page)
        first = await digits_on(page)
        await phone.looks()

        hub.clock.advance(121)

        await expect(page.get_by_role("heading", name="This request ran out")).to_be_focused()
        await expect(page.locator(".pair.faded")).to_contain_text(first[:3])
        await page.reload()
        await page.get_by_role("button", name="Send a new request").click()
        await phone.looks()
        await phone.approves(await digits_on(page))
        await page.wait_for_url(SIGNED_IN)


async def test_sending_again_has_to_wait_and_says_how_long(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await phone.looks()
        button = page.get_by_role("button", name="Send again")

        await expect(button).to_have_text(re.compile(r"Send again in \d+ s"))
        await expect(button).to_have_attribute("aria-disabled", "true")

        hub.clock.advance(61)
        await page.reload()
        before = await digits_on(page)
        await awake(page)
        await button.click()
        await expect(page.locator("#say")).to_contain_text("A new request is on its way")
        assert await digits_on(page) != before


async def test_a_wrong_password_is_said_at_its_field(hub: RunningHub, page: Page) -> None:
    policy = {"push_mode": PushMode.SECOND_FACTOR, "match": MatchPolicy.OFF}
    async with ada_with_a_phone(hub, **policy) as phone:
        await give_email(page, hub)
        await awake(page)
        field = page.get_by_label("Password")

        await field.fill("not it")
        await page.keyboard.press("Enter")

        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(re.compile("The email or the password is not"))
        await expect(field).to_be_focused()
        await field.fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Approve on your phone")).to_be_focused()
        await phone.looks()
        await phone.approves()
        await page.wait_for_url(SIGNED_IN)


async def test_it_goes_on_where_the_person_wanted_to_go(hub: RunningHub, page: Page) -> None:
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub, query="?app=Wiki&return_to=/signed-out")
        await expect(page.get_by_text("Wiki").first).to_be_visible()
        await phone.looks()

        await phone.approves(await digits_on(page))

        await page.wait_for_url("**/signed-out")


async def test_without_a_script_the_forms_do_it(hub: RunningHub, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await phone.looks()
        await phone.approves(await digits_on(page))

        # The page asks anew by itself every 3 s.
        await expect(page.get_by_role("heading", name="Approved")).to_be_visible(timeout=8_000)
        await page.get_by_role("button", name="Continue").click()

        await page.wait_for_url(SIGNED_IN)


async def test_a_restart_of_the_hub_loses_nothing(tmp_path: Path, page: Page) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/hub.db"
    await migrate(database)
    async with relay() as way:
        async with running_hub(database, migrated=True, public_url=way.url) as hub:
            way.hub = f"http://127.0.0.1:{hub.settings.port}"
            user = await hub.user(await hub.tenant(), ADA)
            phone = await hub.phone(user)
            await give_email(page, hub)
            digits = await digits_on(page)
            await awake(page)
            way.hub = None
        trouble = page.get_by_text("One moment, we are starting again")
        await expect(trouble).to_be_visible(timeout=10_000)

        async with running_hub(database, migrated=True, public_url=way.url) as hub:
            way.hub = f"http://127.0.0.1:{hub.settings.port}"
            await expect(trouble).to_be_hidden(timeout=15_000)
            async with phone.connected() as socket:
                (challenge,) = socket.ready["pending"]
                await socket.decide(challenge["request"], "approve", digits)

            await page.wait_for_url(SIGNED_IN)


async def test_where_no_socket_gets_through_the_page_asks_again_and_again(
    hub: RunningHub, page: Page
) -> None:
    async def cut(socket: WebSocketRoute) -> None:
        await socket.close()

    await page.route_web_socket("**/ws/login", cut)
    async with ada_with_a_phone(hub) as phone:
        await give_email(page, hub)
        await phone.looks()

        await expect(page.get_by_text("Your network blocks live updates")).to_be_visible(timeout=15_000)
        await expect(page.locator(".link-line:visible")).to_have_text("Waiting for your answer")

        await phone.approves(await digits_on(page))
        await page.wait_for_url(SIGNED_IN)


async def test_the_number_stays_on_the_page_alone(hub: RunningHub, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    async with ada_with_a_phone(hub):
        await give_email(page, hub)

        digits = await digits_on(page)
        await awake(page)

        kept = await page.evaluate(
            """async () => [location.href, document.cookie, JSON.stringify(localStorage),
                 JSON.stringify(sessionStorage), JSON.stringify(history.state), document.title,
                 document.querySelector("#login").dataset.login ?? "", JSON.stringify(await caches.keys())]"""
        )
        assert [text for text in [*kept, *said] if digits in text] == []


async def test_on_a_phone_the_number_can_be_copied(hub: RunningHub, browser: Browser) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = await context.new_page()
    async with ada_with_a_phone(hub):
        await give_email(page, hub)

        await page.get_by_role("button", name="Copy the number").click()

        await expect(page.locator("#say")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == await digits_on(page)


async def test_an_unknown_email_looks_like_any_other(hub: RunningHub, page: Page) -> None:
    await hub.tenant()

    await give_email(page, hub, "nobody@demo.test")

    await expect(page.locator("h1:visible")).to_have_text(
        re.compile("Type this number on your phone|Enter your password")
    )
