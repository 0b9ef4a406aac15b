"""Contract of the store: the audit log, which is only ever added to, and its chain."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy.exc

from hub.adapters.sql.audit import PAGE
from hub.adapters.sql.store import SqlStore, open_store
from hub.domain.audit import GENESIS, Actor, ActorKind, Event, link
from hub.domain.tenant import Tenant
from hub.ports import AuditFilter, Tx
from tests.builders import NOW, a_record, a_tenant, somebody
from tests.databases import behind_the_store, is_sqlite

LATER = NOW + timedelta(minutes=5)
EVERYTHING = AuditFilter()
DATA = {
    "z": 1,
    "a": [True, None, -(2**53), {"ü": "Zoë “quoted” \\ / \u2028"}],
    "empty": {"list": [], "object": {}, "text": ""},
}


async def test_a_row_comes_back_as_it_was_and_so_does_its_hash(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        bare = a_record(tenant, data={})
        full = a_record(
            tenant,
            actor=Actor(ActorKind.DEVICE, "dev_1"),
            user_id=user.id,
            ip="2001:db8::7",
            data=DATA,
            type=Event.CHALLENGE_DENIED,
        )
        await tx.audit.add(bare)
        await tx.audit.add(full)

    async with store.read() as tx:
        rows = await tx.audit.page(tenant.id, EVERYTHING, 10, None)
    assert rows == [(full, full.hash), (bare, bare.hash)]
    assert [record.hash for record, _ in rows] == [full.hash, bare.hash]


async def test_rows_are_leafed_through_newest_first_by_tenant(store: SqlStore) -> None:
    async with store.begin() as tx:
        here, there = await _a_tenant(tx), await _a_tenant(tx)
        rows = [a_record(here) for _ in range(3)]
        for row in (*rows, a_record(there)):
            await tx.audit.add(row)

    async with store.read() as tx:
        first = await tx.audit.page(here.id, EVERYTHING, 2, None)
        rest = await tx.audit.page(here.id, EVERYTHING, 2, rows[1].id)
    assert [record for record, _ in first] == [rows[2], rows[1]]
    assert [record for record, _ in rest] == [rows[0]]


async def test_each_filter_narrows(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        early = a_record(tenant, at=NOW)
        late = a_record(tenant, at=LATER, type=Event.SIGNED_IN, user_id=user.id, ip="203.0.113.7")
        await tx.audit.add(early)
        await tx.audit.add(late)

    filters = {
        AuditFilter(type=Event.SIGNED_IN): [late],
        AuditFilter(user_id=user.id): [late],
        AuditFilter(ip="203.0.113.7"): [late],
        AuditFilter(since=LATER): [late],
        AuditFilter(until=LATER): [early],
        AuditFilter(since=NOW, until=LATER): [early],
        AuditFilter(since=NOW, type=Event.SIGNED_IN, ip="198.51.100.1"): [],
    }
    async with store.read() as tx:
        for which, expected in filters.items():
            found = await tx.audit.page(tenant.id, which, 10, None)
            assert [record for record, _ in found] == expected


@pytest.mark.parametrize("table", ["audit", "audit_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
async def test_rows_cannot_be_changed_or_deleted(
    store: SqlStore, database: str, table: str, statement: str
) -> None:
    await _sealed(store, 1)

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"):
        await behind_the_store(database, statement.format(table))

    assert await behind_the_store(database, f"SELECT count(*) FROM {table}") == [(1,)]


async def test_seals_link_rows_in_their_order_a_chain_for_each_tenant(store: SqlStore, database: str) -> None:
    async with store.begin() as tx:
        here, there = await _a_tenant(tx), await _a_tenant(tx)
        rows = [a_record(here), a_record(there), a_record(here), a_record(here)]
        for row in reversed(rows):
            await tx.audit.add(row)

    async with store.begin() as tx:
        first = await tx.audit.seal(2)
    async with store.begin() as tx:
        second = await tx.audit.seal(10)

    assert (first, second) == (2, 2)
    mine = [rows[0], rows[2], rows[3]]
    expected, previous = [], GENESIS
    for number, row in enumerate(mine, start=1):
        previous = link(previous, row.hash)
        expected.append((row.id, number, previous))
    of_tenant = f"SELECT audit_id, number, link FROM audit_seals WHERE tenant_id = '{here.id}'"
    assert await behind_the_store(database, f"{of_tenant} ORDER BY number") == expected
    async with store.read() as tx:
        assert await tx.audit.first_broken(here.id) is None
        assert await tx.audit.first_broken(there.id) is None


async def test_a_row_that_is_committed_late_is_sealed_late_whatever_its_id(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant = await _a_tenant(tx)
        late, early = a_record(tenant), a_record(tenant)
        await tx.audit.add(early)
    async with store.begin() as tx:
        await tx.audit.seal(10)
    async with store.begin() as tx:
        await tx.audit.add(late)

    async with store.begin() as tx:
        sealed = await tx.audit.seal(10)

    assert sealed == 1
    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) is None


async def test_a_row_is_not_sealed_twice_however_many_seal(store: SqlStore, database: str) -> None:
    async with store.begin() as tx:
        tenant = await _a_tenant(tx)
        for _ in range(30):
            await tx.audit.add(a_record(tenant))

    async def seal(by: SqlStore) -> int:
        async with by.begin() as tx:
            return await tx.audit.seal(7)

    sealed = 0
    async with open_store(database) as other, asyncio.timeout(30):
        while sealed < 30:
            async with asyncio.TaskGroup() as group:
                sealers = [group.create_task(seal(by)) for by in (store, other) * 4]
            sealed += sum(sealer.result() for sealer in sealers)

    assert sealed == 30
    assert await behind_the_store(database, "SELECT max(number), count(*) FROM audit_seals") == [(30, 30)]
    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) is None


@pytest.mark.parametrize(
    "change",
    [
        "ip = '198.51.100.1'",
        "user_id = NULL, actor_id = 'dev_2'",
        "type = 'challenge.approved'",
        "type = 'no.such.event'",
        "data = '{}'",
        "hash = '" + "0" * 64 + "'",
    ],
)
async def test_a_row_that_was_tampered_with_is_found(store: SqlStore, database: str, change: str) -> None:
    tenant, ids = await _sealed(store, 5)

    await _tamper(database, "update", f"UPDATE audit SET {change} WHERE id = '{ids[2]}'")

    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) == 3


async def test_an_instant_that_was_tampered_with_is_found(store: SqlStore, database: str) -> None:
    tenant, ids = await _sealed(store, 5)
    a_microsecond = "at + 1" if is_sqlite(database) else "at + interval '1 microsecond'"

    await _tamper(database, "update", f"UPDATE audit SET at = {a_microsecond} WHERE id = '{ids[3]}'")

    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) == 4


@pytest.mark.parametrize("gone", [0, 2, 4])
async def test_a_row_that_was_removed_is_found(store: SqlStore, database: str, gone: int) -> None:
    tenant, ids = await _sealed(store, 5)
    # SQLite does not check foreign keys unless it is told to; PostgreSQL always does.
    unbind = (
        [] if is_sqlite(database) else ["ALTER TABLE audit_seals DROP CONSTRAINT fk_audit_seals_audit_id"]
    )

    await _tamper(database, "delete", *unbind, f"DELETE FROM audit WHERE id = '{ids[gone]}'")

    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) == gone + 1


async def test_the_chain_of_a_long_log_is_checked_to_its_end(store: SqlStore, database: str) -> None:
    tenant, ids = await _sealed(store, PAGE * 2 + 3)
    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) is None

    await _tamper(database, "update", f"UPDATE audit SET ip = '::1' WHERE id = '{ids[PAGE * 2 + 1]}'")

    async with store.read() as tx:
        assert await tx.audit.first_broken(tenant.id) == PAGE * 2 + 2


async def _sealed(store: SqlStore, rows: int) -> tuple[Tenant, list[str]]:
    async with store.begin() as tx:
        tenant = await _a_tenant(tx)
        records = [a_record(tenant) for _ in range(rows)]
        for record in records:
            await tx.audit.add(record)
    async with store.begin() as tx:
        assert await tx.audit.seal(rows) == rows
    return tenant, [record.id for record in records]


async def _tamper(database: str, verb: str, *statements: str) -> None:
    """Do what the trigger against *verb* forbids, as one who owns the database can."""
    table = "" if is_sqlite(database) else " ON audit"
    await behind_the_store(database, f"DROP TRIGGER audit_refuses_{verb}{table}", *statements)


async def _a_tenant(tx: Tx) -> Tenant:
    tenant = a_tenant()
    await tx.tenants.add(tenant)
    return tenant
