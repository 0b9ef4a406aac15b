"""Contract of the store: who is woken by web push, and which subscription is forgotten; on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.adapters.sql.store import SqlStore, open_store
from hub.domain.challenge import Challenge
from hub.ports import Tx
from tests.builders import NOW, a_phone, a_question, somebody

LATER = NOW + timedelta(seconds=10)


async def stored(tx: Tx, challenge: Challenge) -> Challenge:
    """Return it as it is in the database."""
    return await tx.challenges.get(challenge.id)


async def test_a_push_is_claimed_once(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        challenge = await a_question(tx, tenant, user)

        claimed = [
            await tx.challenges.claim_push(challenge.id, (phone.id,), None),
            await tx.challenges.claim_push(challenge.id, (), LATER),
        ]

        assert claimed == [True, False]
        found = await stored(tx, challenge)
        assert (found.pushed_to, found.unreachable_at) == ((phone.id,), None)


async def test_that_there_is_nobody_to_push_to_is_kept_as_well(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        challenge = await a_question(tx, tenant, user)

        assert await tx.challenges.claim_push(challenge.id, (), LATER)

        found = await stored(tx, challenge)
        assert (found.pushed_to, found.unreachable_at) == ((), LATER)
        assert await tx.challenges.unpushed(NOW, 10) == []


async def test_of_many_processes_that_claim_at_once_one_pushes(store: SqlStore, database: str) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        challenge = await a_question(tx, tenant, user)
    async with open_store(database) as other:

        async def claim(number: int) -> bool:
            async with (store, other)[number % 2].begin() as tx:
                return await tx.challenges.claim_push(challenge.id, (), None)

        assert sum(await asyncio.gather(*map(claim, range(20)))) == 1


@pytest.mark.parametrize("what", ["shown", "over", "a stranger's"])
async def test_what_needs_no_push_is_neither_found_nor_claimed(store: SqlStore, what: str) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        challenge = await a_question(tx, tenant, user)
        if what == "shown":
            await tx.challenges.note(replace(challenge, shown_at=NOW))
        else:
            await tx.challenges.settle(challenge.cancel(NOW))
        if what == "a stranger's":
            challenge = await a_question(tx, tenant)

        assert await tx.challenges.unpushed(NOW, 10) == []
        assert not await tx.challenges.claim_push(challenge.id, (), None)


async def test_the_unpushed_come_oldest_first_and_none_before_its_time(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        young, old, later = [
            await a_question(tx, tenant, user, created_at=NOW + timedelta(seconds=after))
            for after in (-1, -5, 30)
        ]

        assert [each.id for each in await tx.challenges.unpushed(NOW, 10)] == [old.id, young.id]
        assert [each.id for each in await tx.challenges.unpushed(NOW, 1)] == [old.id]
        assert later.id in {each.id for each in await tx.challenges.unpushed(NOW + timedelta(minutes=1), 10)}


async def test_only_the_very_subscription_is_forgotten(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        phone = await a_phone(tx, user)
        await tx.devices.save(replace(phone, subscription="new"))

        assert not await tx.devices.forget_subscription(phone.id, "old")
        assert (await tx.devices.get(phone.id)).subscription == "new"
        assert await tx.devices.forget_subscription(phone.id, "new")
        assert not await tx.devices.forget_subscription(phone.id, "new")
        assert (await tx.devices.get(phone.id)).subscription is None
