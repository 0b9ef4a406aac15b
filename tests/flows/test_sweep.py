"""What time ends, and that two sweepers end each thing once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.app import open_services
from hub.domain.enrollment import CARRIED_LIFE
from hub.flows.sweep import Sweep
from tests.routes.acting import ADA, answer, person, rows, sign_in
from tests.running import RunningHub, running_hub, sqlite_hub, until


@pytest.fixture
async def swept_by_two(tmp_path: Path) -> AsyncIterator[tuple[RunningHub, RunningHub]]:
    """Two processes on one database, each with its own sweeper."""
    async with sqlite_hub(tmp_path) as one:
        url = one.settings.database_url
        async with running_hub(url, clock=one.clock, migrated=True, public_url=one.url) as other:
            yield one, other


async def test_what_ran_out_is_ended_without_anybody_looking(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, phone = await person(hub, tenant)
    await hub.activation_code(user)
    async with hub.browser() as browser, phone.connected() as device:
        await browser.start()
        card = await device.until("challenge")
        async with browser.watching() as page:
            await page.until("state")
            hub.clock.advance(120)
            expired = await page.until("state")
            assert (expired["step"], expired["challenge"]["status"]) == ("push", "expired")
            assert await device.until("resolved") == {
                "type": "resolved",
                "id": card["id"],
                "status": "expired",
            }

            hub.clock.advance(480)
            assert await page.until("resolved") == {"type": "resolved", "status": "expired"}
    hub.clock.advance(CARRIED_LIFE.total_seconds())
    await until(lambda: rows(hub, "SELECT 1 FROM enrollments WHERE status = 'expired'"))

    types = await hub.audit_types(tenant)
    assert [types.count(f"{what}.expired") for what in ("challenge", "login", "enrollment")] == [1, 1, 1]


async def test_an_approval_nobody_came_for_is_ended_and_the_row_says_so(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        await answer(phone, browser)
        hub.clock.advance(60)

        await until(lambda: rows(hub, "SELECT 1 FROM logins WHERE step = 'failed'"))

        assert rows(hub, "SELECT outcome FROM logins") == [("expired",)]


async def test_two_sweepers_end_each_thing_once(swept_by_two: tuple[RunningHub, RunningHub]) -> None:
    hub, _ = swept_by_two
    tenant = await hub.tenant()
    people = [await hub.user(tenant, f"u{number}@demo.test") for number in range(12)]
    phones = [await hub.phone(user) for user in people[:6]]
    for user in people:
        await hub.activation_code(user)
    async with hub.browser() as browser:
        for user in people[:6]:
            await browser.start(user.email)
    hub.clock.advance(CARRIED_LIFE.total_seconds())

    async with open_services(hub.settings, clock=hub.clock) as (_, third):
        await asyncio.gather(*(third.once() for _ in range(4)))
        await until(lambda: rows(hub, "SELECT count(*) FROM audit_unsealed") == [(0,)])

    counted = Counter(await hub.audit_types(tenant))
    assert len(phones) == 6
    assert counted["challenge.expired"] == 6
    assert counted["login.expired"] == 6
    assert counted["enrollment.expired"] == 12
    waits = rows(hub, "SELECT pressure FROM pressures")
    assert all('"failures": 1' in text or '"failures":1' in text for (text,) in waits), waits
    numbers = rows(hub, "SELECT count(*), max(number), count(DISTINCT number) FROM audit_seals")
    assert len(set(numbers[0])) == 1


async def test_the_sweeper_leaves_alone_what_still_runs(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    await hub.activation_code(user)
    async with hub.browser() as browser, open_services(hub.settings, clock=hub.clock) as (_, sweep):
        await browser.start()
        hub.clock.advance(100)
        assert isinstance(sweep, Sweep)
        while await sweep.once():
            pass

        assert (await browser.look()).json()["challenge"]["status"] == "pending"
        await answer(phone, browser)
        assert (await browser.again("complete")).status_code == 200
        assert rows(hub, "SELECT count(*) FROM enrollments WHERE status = 'pending'") == [(1,)]


async def test_the_sweepers_ending_counts_towards_the_waits_like_any_other(hub: RunningHub) -> None:
    await person(hub, await hub.tenant())
    async with hub.browser() as browser, open_services(hub.settings, clock=hub.clock) as (_, sweep):
        for _ in range(2):
            assert "challenge" in await browser.start(ADA)
            hub.clock.advance(120)
            await sweep.once()
            await browser.again("cancel")

        # Ten seconds from the end of the second.
        assert "challenge" not in await browser.start(ADA)


async def test_signing_in_goes_on_while_it_sweeps(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with open_services(hub.settings, clock=hub.clock) as (_, sweep), hub.browser() as browser:
        sweeping = asyncio.create_task(asyncio.wait_for(sweep.once(), 10))
        await sign_in(phone, browser)
        await sweeping
