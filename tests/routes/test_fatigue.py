"""Nobody is rung to death: open challenges, growing waits, mute, and a lane of one's own (SECURITY.md)."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.domain.errors import RateLimited
from hub.domain.limits import Limit
from hub.domain.login import Step
from hub.protocol import parse_time
from tests.routes.acting import ADA, answer, audit, nobody, person, refused, rows, sign_in
from tests.running import Browser, RunningHub, sqlite_hub

MINUTE_S, HOUR_S = 60, 3600


def rests_s(hub: RunningHub, answered: dict[str, Any]) -> int:
    """Return for how many seconds no push will be taken."""
    assert answered["step"] == "push"
    assert "challenge" not in answered
    return round((parse_time(answered["push_after"]) - hub.clock.now()).total_seconds())


async def begun(hub: RunningHub, browser: Browser, email: str = ADA) -> int:
    """Begin a sign-in that rings; where the phone rests, call it off, wait, and begin again.

    Returns:
        For how many seconds it rested.
    """
    said = await browser.start(email)
    if "challenge" in said:
        return 0
    rested = rests_s(hub, said)
    await browser.again("cancel")
    hub.clock.advance(rested + 1)
    assert "challenge" in await browser.start(email)
    return rested


async def test_three_challenges_may_be_open(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with AsyncExitStack() as stack:
        *three, fourth = [await stack.enter_async_context(hub.browser()) for _ in range(4)]
        for browser in three:
            assert "challenge" in await browser.start()

        told = await fourth.start()

        assert abs(rests_s(hub, told) - 120) <= 5
        assert told["socket"]
        refused(await fourth.again("push"), 429, "too_soon")
        assert len(audit(hub, "challenge.asked")) == 3


async def test_many_starts_at_once_open_no_more(open_hub: RunningHub) -> None:
    await person(open_hub, await open_hub.tenant())
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(open_hub.browser()) for _ in range(12)]

        answers = await asyncio.gather(*(browser.start() for browser in browsers))

    assert sum("challenge" in each for each in answers) == 3
    assert len(audit(open_hub, "challenge.asked")) == 3


async def test_the_limit_of_a_tenant_never_stops_a_known_browser(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    async with hub.browser() as own, hub.browser() as stranger:
        await sign_in(phone, own)

        async def held() -> httpx2.Response:
            with contextlib.suppress(RateLimited):
                while True:
                    await hub.services.sign_in.limiter.hit(Limit.LOGIN_STARTS_PER_TENANT, tenant.id)
            return await stranger.login_call("/login", {"email": ADA})

        answered = await held()
        if answered.status_code == 200:
            # The minute ended in between.
            await stranger.again("cancel")
            answered = await held()

        refused(answered, 429, "rate_limited")
        assert (await own.start())["challenge"]["status"] == "pending"


@pytest.mark.parametrize("known", [True, False])
async def test_waits_grow_and_beginning_again_rings_no_phone(hub: RunningHub, known: bool) -> None:
    """Account or not."""
    await person(hub, await hub.tenant())
    email = ADA if known else nobody(hub, Step.PUSH)
    waits = []
    async with hub.browser() as browser:
        for rung in range(1, 13):
            waits.append(await begun(hub, browser, email))
            assert len(audit(hub, "challenge.asked")) == rung
            await browser.again("cancel")
            if rung > 1:
                for _ in range(2):
                    assert "challenge" not in await browser.start(email)
                    refused(await browser.again("push"), 429, "too_soon")
                    await browser.again("cancel")
                assert len(audit(hub, "challenge.asked")) == rung

    doubling = [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, HOUR_S]
    # Rounded up; less as much as the test itself took.
    assert waits[:2] == doubling[:2]
    assert all(most / 2 < wait <= most + 1 for wait, most in zip(waits[2:], doubling[2:], strict=True)), waits


@pytest.mark.parametrize("ending", ["deny", "expire", "cancel", "replace"])
async def test_every_ending_but_an_approval_counts(hub: RunningHub, ending: str) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        for _ in range(2):
            await begun(hub, browser)
            if ending == "deny":
                await answer(phone, browser, "deny")
            if ending == "expire":
                hub.clock.advance(120)
            if ending in ("expire", "cancel"):
                await browser.again("cancel")
            if ending == "replace":
                hub.clock.advance(60)
                await browser.again("push")
        if ending == "replace":
            # It returned to the same login, so by now two were replaced; the third one is open.
            assert len(audit(hub, "challenge.cancelled")) == 2

        async with hub.browser() as other:
            wait = rests_s(hub, await other.start())

    assert 5 < wait <= 11


async def test_an_approval_begins_the_waits_anew(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant(match="always"))
    async with hub.browser() as browser:
        for _ in range(4):
            await begun(hub, browser)
            await browser.again("cancel")
        await begun(hub, browser)
        await answer(phone, browser)
        await browser.again("complete")
        hub.clock.advance(1)

        # Not known to any lane but its own, so what counts is the common one.
        async with hub.browser() as stranger:
            for _ in range(2):
                assert "challenge" in await stranger.start()
                await stranger.again("cancel")


async def test_three_denials_mute_and_each_time_for_longer(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    mutes = []
    async with hub.browser() as browser:
        for _ in range(2):
            for _ in range(3):
                await begun(hub, browser)
                await answer(phone, browser, "deny")
            said = await browser.start()
            mutes.append(rests_s(hub, said))
            refused(await browser.again("push"), 429, "too_soon")
            await browser.again("cancel")

    assert abs(mutes[0] - 15 * MINUTE_S) <= 5
    assert abs(mutes[1] - 30 * MINUTE_S) <= 5


async def test_denials_a_quarter_of_an_hour_apart_do_not_mute(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        for _ in range(4):
            assert "challenge" in await browser.start()
            await answer(phone, browser, "deny")
            hub.clock.advance(8 * MINUTE_S)


async def test_an_attacker_cannot_lock_out_a_known_browser(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as own, hub.browser() as attacker:
        await sign_in(phone, own)
        for _ in range(3):
            await begun(hub, attacker)
            await answer(phone, attacker, "deny")
        assert rests_s(hub, await attacker.start()) > 14 * MINUTE_S

        here = await own.start()

        assert here["challenge"]["status"] == "pending"
        assert "match" not in here["challenge"]
        await answer(phone, own)
        assert (await own.again("complete")).status_code == 200
        # And what succeeds here frees nothing there.
        await attacker.again("cancel")
        assert rests_s(hub, await attacker.start()) > 14 * MINUTE_S


async def test_a_known_browsers_lane_holds_one_open_challenge(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as own, hub.browser() as copy:
        await sign_in(phone, own)
        copy.http.cookies.update({name: value for name, value in own.http.cookies.items() if "known" in name})
        first, second = await own.start(), await copy.start()

        assert first["challenge"]["status"] == second["challenge"]["status"] == "pending"
        open_now = rows(hub, "SELECT lane FROM challenges WHERE status = 'pending' ORDER BY lane")
        assert open_now == [("any",), ("known",)]


async def test_where_limits_are_lifted_waits_are_and_mute_and_cap_stay(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path, rate_limits="off") as hub:
        tenant = await hub.tenant()
        _, phone = await person(hub, tenant)
        async with hub.browser() as browser:
            for _ in range(6):
                assert "challenge" in await browser.start()
                await browser.again("cancel")
            await browser.start()
            refused(await browser.again("push"), 429, "too_soon")
            await browser.again("cancel")
            for _ in range(3):
                await browser.start()
                await answer(phone, browser, "deny")
            assert rests_s(hub, await browser.start()) > 14 * MINUTE_S
        await person(hub, tenant, "bob@demo.test")
        async with AsyncExitStack() as stack:
            browsers = [await stack.enter_async_context(hub.browser()) for _ in range(4)]
            asked = ["challenge" in await browser.start("bob@demo.test") for browser in browsers]
        assert asked == [True, True, True, False]


async def test_starts_are_limited_per_address_and_the_wait_is_told(hub: RunningHub) -> None:
    """Sixty in a minute of the clock, so at most twice as many around its end."""
    await hub.tenant()
    async with hub.browser() as browser:
        started, answered = 0, await browser.call("GET", "/healthz")
        while answered.status_code == 200 and started <= 120:
            started += 1
            answered = await browser.call("POST", "/t/demo/api/v1/login", {"email": f"x{started}@demo.test"})

        refused(answered, 429, "rate_limited")
        assert started > 60
        assert int(answered.headers["retry-after"]) <= 60
        assert (await browser.call("GET", "/t/demo/login")).status_code == 200
