"""Contract of the store: many at once, and transactions that come to nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TypeVar

import pytest

from hub.adapters.sql.link import ReadsOnly
from hub.adapters.sql.store import SqlStore, open_store
from hub.domain.account import Role, User
from hub.domain.audit import Event
from hub.domain.challenge import Challenge, Status
from hub.domain.errors import AlreadySettled, NotFound
from hub.domain.ids import ChallengeId
from hub.domain.login import Step
from hub.domain.tenant import Tenant
from hub.domain.throttle import Lane, Pressure
from hub.ports import AuditFilter
from tests.builders import NOW, a_login, a_phone, a_question, a_record, a_tenant, a_user, somebody

WITHIN_S = 30
MANY = 40

R = TypeVar("R")


@pytest.fixture
async def stores(database: str) -> AsyncIterator[list[SqlStore]]:
    """Two stores on one database, as two processes have them."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_store(database)) for _ in range(2)]


async def test_one_of_fifty_answers_wins_and_all_others_are_told_it(stores: list[SqlStore]) -> None:
    async with stores[0].begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        challenge = await a_question(tx, tenant, user)
    answers = [challenge.approve(phone.id, "jws", NOW), challenge.deny(phone.id, "jws", NOW)]
    answers += [challenge.cancel(NOW), challenge.expire()]

    async def settle(number: int) -> tuple[bool, str]:
        answer: Challenge = answers[number % len(answers)]
        try:
            async with stores[number % 2].begin() as tx:
                await tx.challenges.settle(answer)
        except AlreadySettled as refused:
            return False, refused.status
        return True, answer.status

    told = await _all(settle, 50)

    assert sum(won for won, _ in told) == 1
    assert len({status for _, status in told}) == 1
    async with stores[0].read() as tx:
        assert (await tx.challenges.get(challenge.id)).status == told[0][1]


async def test_changes_under_a_hold_all_survive(stores: list[SqlStore]) -> None:
    async with stores[0].begin() as tx:
        _, user = await somebody(tx)
        phone = await a_phone(tx, user)

    async def count_one(number: int) -> None:
        async with stores[number % 2].begin() as tx:
            held = await tx.devices.hold(phone.id)
            await tx.devices.save(replace(held, wrong_pins=held.wrong_pins + 1))

    await _all(count_one, MANY)

    async with stores[0].read() as tx:
        assert (await tx.devices.get(phone.id)).wrong_pins == MANY


async def test_who_keeps_the_same_value_goes_one_after_the_other(stores: list[SqlStore]) -> None:
    async def add_one(number: int) -> None:
        async with stores[number % 2].begin() as tx:
            sofar = int(await tx.keys.keep("sum", "0"))
            await tx.keys.replace("sum", str(sofar + 1))

    await _all(add_one, MANY)

    async with stores[0].read() as tx:
        assert await tx.keys.kept("sum") == str(MANY)


async def test_pressure_under_a_hold_all_counts_from_the_first_on(stores: list[SqlStore]) -> None:
    tenant = a_tenant()
    async with stores[0].begin() as tx:
        await tx.tenants.add(tenant)

    async def fail_once(number: int) -> None:
        async with stores[number % 2].begin() as tx:
            held = await tx.pressure.hold(tenant.id, "ada")
            failed = held.with_push(Lane.ANY, held.of_push(Lane.ANY).failed(NOW))
            await tx.pressure.save(tenant.id, "ada", failed)

    await _all(fail_once, MANY)

    async with stores[0].read() as tx:
        assert (await tx.pressure.get(tenant.id, "ada")).of_push(Lane.ANY).failures == MANY


async def test_a_held_sign_in_moves_once_for_each_who_holds_it(stores: list[SqlStore]) -> None:
    tenant = a_tenant()
    login = a_login(tenant)
    async with stores[0].begin() as tx:
        await tx.tenants.add(tenant)
        await tx.logins.add(login)

    async def push(number: int) -> bool:
        async with stores[number % 2].begin() as tx:
            held = await tx.logins.hold(login.id)
            return await tx.logins.move(held.pushed(ChallengeId(f"chl_{number}"), NOW), Step.PUSH)

    moved = await _all(push, MANY)

    assert all(moved)
    async with stores[0].read() as tx:
        assert (await tx.logins.get(login.id)).pushes == MANY


async def test_one_of_many_moves_from_a_step_wins(stores: list[SqlStore]) -> None:
    tenant = a_tenant()
    login = a_login(tenant)
    async with stores[0].begin() as tx:
        await tx.tenants.add(tenant)
        await tx.logins.add(login)

    async def end(number: int) -> bool:
        async with stores[number % 2].begin() as tx:
            return await tx.logins.move(login.failed(Status.CANCELLED), Step.PUSH)

    moved = await _all(end, MANY)

    assert sum(moved) == 1


async def test_the_last_owner_stays(stores: list[SqlStore]) -> None:
    async with stores[0].begin() as tx:
        tenant, first = await somebody(tx, role=Role.OWNER)
        second = a_user(tenant, role=Role.OWNER)
        await tx.users.add(second)

    async def step_down(number: int) -> bool:
        user: User = (first, second)[number % 2]
        async with stores[number % 2].begin() as tx:
            others = [owner for owner in await tx.users.hold_owners(tenant.id) if owner.id != user.id]
            if others:
                await tx.users.save(replace(user, role=Role.USER))
            return bool(others)

    stepped_down = await _all(step_down, 2)

    assert sorted(stepped_down) == [False, True]


async def test_a_value_is_made_once_however_many_make_it(stores: list[SqlStore]) -> None:
    async def keep(number: int) -> str:
        async with stores[number % 2].begin() as tx:
            return await tx.keys.keep("seed", f"value {number}")

    kept = await _all(keep, MANY)

    assert len(set(kept)) == 1


async def test_an_exception_leaves_nothing_behind(store: SqlStore) -> None:
    tenant = a_tenant()

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.tenants.add(tenant)
            await tx.audit.add(a_record(tenant, type=Event.TENANT_CREATED))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.tenants.get(tenant.id)
        assert await tx.audit.page(tenant.id, AuditFilter(), 10, None) == []
        assert await tx.audit.seal(10) == 0


async def test_who_fails_among_many_takes_nobody_along(stores: list[SqlStore]) -> None:
    tenants = [a_tenant(name=f"{number}") for number in range(MANY)]

    async def add(number: int) -> None:
        async with stores[number % 2].begin() as tx:
            await tx.tenants.add(tenants[number])
            if number % 3 == 0:
                raise ZeroDivisionError

    async def try_to_add(number: int) -> bool:
        try:
            await add(number)
        except ZeroDivisionError:
            return False
        # Whoever is told that it is done finds it there.
        async with stores[1].read() as tx:
            return await tx.tenants.get(tenants[number].id) == tenants[number]

    added = await _all(try_to_add, MANY)

    expected = [number % 3 != 0 for number in range(MANY)]
    assert added == expected
    async with stores[0].read() as tx:
        assert {tenant.name for tenant in await tx.tenants.all()} == {
            f"{number}" for number in range(MANY) if expected[number]
        }


async def test_nothing_is_seen_before_the_commit(store: SqlStore) -> None:
    tenant = a_tenant()

    async with store.begin() as writing:
        await writing.tenants.add(tenant)
        async with store.read() as reading:
            before = await reading.tenants.all()

    async with store.read() as reading:
        assert (before, await reading.tenants.all()) == ([], [tenant])


async def test_readers_wait_for_no_writer(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)

    async with store.begin() as writing:
        await writing.users.save(replace(user, name="New"))
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
            reads = [group.create_task(_names(store, tenant)) for _ in range(MANY)]

    assert [read.result() for read in reads] == [[None]] * MANY


async def test_what_was_opened_for_reading_does_not_write(store: SqlStore) -> None:
    tenant = a_tenant()

    async with store.read() as tx:
        for write in (
            tx.tenants.add(tenant),
            tx.tenants.save(tenant),
            tx.pressure.save(tenant.id, "ada", Pressure()),
            tx.keys.keep("seed", "value"),
        ):
            with pytest.raises(ReadsOnly):
                await write

    async with store.read() as tx:
        assert await tx.tenants.all() == []


async def test_whoever_is_cancelled_leaves_nothing_and_stands_in_nobodys_way(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        phone = await a_phone(tx, user)
    done: list[int] = []

    async def count_one(number: int) -> None:
        async with store.begin() as tx:
            held = await tx.devices.hold(phone.id)
            await tx.devices.save(replace(held, wrong_pins=held.wrong_pins + 1, name=f"{number}"))
        done.append(number)

    # Each is cancelled a little further on in its work than the one before.
    for turns in range(60):
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
            task = group.create_task(count_one(turns))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()

    async with asyncio.timeout(WITHIN_S):
        await count_one(60)
        async with store.read() as tx:
            found = await tx.devices.get(phone.id)
    # A cancelled one may have been written just before it was told so, but never by half.
    assert len(done) <= found.wrong_pins <= 61
    assert found.name == "60"


async def _all(act: Callable[[int], Awaitable[R]], times: int) -> list[R]:
    async def once(number: int) -> R:
        return await act(number)

    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
        tasks = [group.create_task(once(number)) for number in range(times)]
    return [task.result() for task in tasks]


async def _names(store: SqlStore, tenant: Tenant) -> list[str | None]:
    async with store.read() as tx:
        return [user.name for user in await tx.users.page(tenant.id, 10, None)]
