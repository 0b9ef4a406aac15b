"""The account's pages: phones and how they are added."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import ADA, PASSWORD, code_on, give_email
from tests.running import Phone, RunningHub

pytestmark = pytest.mark.browser


async def sign_in_by_password(page: Page, hub: RunningHub, **policy: Any) -> None:
    """Sign in somebody who has no phone yet."""
    await hub.user(await hub.tenant(**policy), ADA, password=PASSWORD)
    await give_email(page, hub)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def enrol_by_code(page: Page, hub: RunningHub) -> None:
    """Type the code that the page shows into a new phone."""
    await Phone(hub.url, now=hub.clock.now).enroll(await code_on(page))


async def test_a_phone_that_is_enrolled_appears_by_itself(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub)
    await page.wait_for_url("**/account/security")

    await page.get_by_role("button", name="Enroll device").click()
    await expect(page.locator(".qr")).to_be_visible()
    await enrol_by_code(page, hub)

    await expect(page.get_by_text("Your phone is added", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name="Pixel 9")).to_be_visible()
    await expect(page.get_by_text("No phone yet")).to_have_count(0)
    await expect(page.get_by_role("button", name="Enroll device")).to_be_visible()


async def test_an_enrollment_can_be_cancelled(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub)
    await page.get_by_role("button", name="Enroll device").click()
    await code_on(page)

    await page.get_by_role("button", name="Cancel enrollment").click()

    await expect(page.get_by_role("button", name="Enroll device")).to_be_focused()
    await expect(page.locator(".qr")).to_be_hidden()


async def test_a_code_that_ran_out_is_renewed_in_place(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub)
    await page.get_by_role("button", name="Enroll device").click()
    first = await code_on(page)

    hub.clock.advance(10 * 60)
    await expect(page.get_by_text("This code ran out")).to_be_visible()
    hub.clock.advance(-60)
    await page.get_by_role("button", name="Make a new code").click()

    assert await code_on(page) != first


async def test_a_phone_is_renamed_and_removed_in_its_row(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub)
    await page.get_by_role("button", name="Enroll device").click()
    await enrol_by_code(page, hub)
    await expect(page.get_by_role("heading", name="Pixel 9")).to_be_visible()

    await page.get_by_role("link", name="Rename Pixel 9").click()
    await page.get_by_label("New name for Pixel 9").fill("My phone")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Renamed.")).to_be_visible()
    await expect(page.get_by_role("heading", name="My phone")).to_be_visible()
    await page.get_by_role("link", name="Remove My phone").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("That phone can no longer answer for you.")).to_be_visible()
    await expect(page.get_by_role("heading", name="My phone")).to_have_count(0)


async def test_an_old_sign_in_has_to_be_repeated_before_a_phone_is_added(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub)
    await page.wait_for_url("**/account/security")

    hub.clock.advance(11 * 60)
    await page.get_by_role("button", name="Enroll device").click()

    await expect(page.locator(".error", has_text="Sign in again to do this.")).to_be_visible()
    await expect(page.get_by_role("link", name="Go to sign-in")).to_be_visible()


async def test_whoever_must_have_a_phone_goes_on_once_it_is_added(hub: RunningHub, page: Page) -> None:
    await sign_in_by_password(page, hub, require_push=True)

    await page.wait_for_url("**/account/enroll")
    await expect(page.get_by_role("heading", name="Add your phone to go on")).to_be_visible()
    await enrol_by_code(page, hub)

    await page.wait_for_url("**/account/security")


async def test_without_a_script_a_phone_is_added_by_forms(hub: RunningHub, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await sign_in_by_password(page, hub)
    await page.get_by_role("button", name="Continue").click()

    await page.get_by_role("button", name="Enroll device").click()
    await enrol_by_code(page, hub)
    await page.get_by_role("link", name="I have added my phone").click()

    await expect(page.get_by_role("heading", name="Pixel 9")).to_be_visible()
