"""Passwords are throttled per account, counted before they are compared (SECURITY.md)."""

import asyncio

import pytest

from hub.domain.tenant import Tenant
from tests.routes.acting import ADA, answer, audit, change_policy, person, refused, sign_in
from tests.running import RunningHub

RIGHT = "correct horse battery"
WRONG = {"password": "wrong"}


async def second_factor(hub: RunningHub) -> Tenant:
    """Make a tenant where everybody starts at the password, and Ada in it."""
    tenant = await hub.tenant()
    await change_policy(hub, tenant, push_mode="second_factor")
    return tenant


@pytest.mark.parametrize("email", [ADA, "unknown@demo.test"])
async def test_many_at_once_are_no_more_than_one_after_another(open_hub: RunningHub, email: str) -> None:
    tenant = await second_factor(open_hub)
    await open_hub.user(tenant, password=RIGHT)
    async with open_hub.browser() as browser:
        await browser.start(email)

        tries = await asyncio.gather(*(browser.again("password", WRONG) for _ in range(50)))

        codes = [each.json()["code"] for each in tries]
        assert codes.count("wrong_credentials") == 5
        assert codes.count("rate_limited") == 45
        assert len(audit(open_hub, "password.wrong")) == 5


@pytest.mark.parametrize("email", [ADA, "unknown@demo.test"])
async def test_waits_grow_for_the_account_in_every_browser(hub: RunningHub, email: str) -> None:
    tenant = await second_factor(hub)
    await hub.user(tenant, password=RIGHT)
    waits = []
    async with hub.browser() as browser, hub.browser() as other:
        await browser.start(email)
        await other.start(email)
        for _ in range(5):
            refused(await browser.again("password", WRONG), 401, "wrong_credentials")
        for _ in range(4):
            held = await other.again("password", {"password": RIGHT})
            refused(held, 429, "rate_limited")
            waits.append(int(held.headers["retry-after"]))
            hub.clock.advance(waits[-1])
            refused(await browser.again("password", WRONG), 401, "wrong_credentials")

    assert all(most / 2 < wait <= most for wait, most in zip(waits, (5, 10, 20, 40), strict=True)), waits


async def test_a_held_try_does_not_make_the_wait_longer_and_the_right_one_ends_it(hub: RunningHub) -> None:
    tenant = await second_factor(hub)
    await hub.user(tenant, password=RIGHT)
    async with hub.browser() as browser:
        await browser.start()
        for _ in range(5):
            await browser.again("password", WRONG)
        for _ in range(3):
            refused(await browser.again("password", WRONG), 429, "rate_limited")
        hub.clock.advance(5)

        assert (await browser.again("password", {"password": RIGHT})).json()["step"] == "approved"
        await browser.again("complete")
        await browser.start()
        for _ in range(5):
            refused(await browser.again("password", WRONG), 401, "wrong_credentials")


async def test_known_browsers_are_counted_apart(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant, password=RIGHT)
    async with hub.browser() as own, hub.browser() as attacker:
        await sign_in(phone, own)
        await change_policy(hub, tenant, push_mode="second_factor")
        await attacker.start()
        for _ in range(5):
            await attacker.again("password", WRONG)
        refused(await attacker.again("password", WRONG), 429, "rate_limited")

        await own.start()

        assert (await own.again("password", {"password": RIGHT})).json()["step"] == "push"
        refused(await attacker.again("password", WRONG), 429, "rate_limited")


@pytest.mark.parametrize(("match", "reopened"), [("always", True), ("off", False)])
async def test_a_push_approved_with_a_match_reopens_the_password(
    hub: RunningHub, match: str, reopened: bool
) -> None:
    tenant = await second_factor(hub)
    _, phone = await person(hub, tenant, password=RIGHT)
    async with hub.browser() as attacker, hub.browser() as own:
        await attacker.start()
        for _ in range(5):
            await attacker.again("password", WRONG)
        await change_policy(hub, tenant, push_mode="passwordless", match=match)
        await own.start()
        await answer(phone, own)

        after = await attacker.again("password", WRONG)

        assert after.json()["code"] == ("wrong_credentials" if reopened else "rate_limited")


async def test_waits_are_no_failed_credentials(hub: RunningHub) -> None:
    tenant = await second_factor(hub)
    await hub.user(tenant, password=RIGHT)
    async with hub.browser() as browser:
        await browser.start()
        for _ in range(8):
            await browser.again("password", WRONG)

        assert len(audit(hub, "password.wrong")) == 5
        answered = await browser.login_call("/login", {"email": ADA, **WRONG})
        refused(answered, 429, "rate_limited")
