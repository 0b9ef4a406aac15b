"""Contract of the store: a database of an earlier hub is brought up to date with all that is in it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from hub.adapters.sql.migrate import config, is_current, migrate
from hub.adapters.sql.store import open_store
from hub.adapters.sql.tables import metadata
from hub.domain.account import User
from hub.domain.challenge import Challenge, Kind, Status
from hub.domain.device import Credential, Device
from hub.domain.tenant import Tenant
from hub.ports import AuditFilter
from tests.builders import (
    NOW,
    a_challenge,
    a_device,
    a_login,
    a_record,
    a_session,
    an_enrollment,
    somebody,
)
from tests.databases import behind_the_store
from tests.services import PostgresServer

LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def old(made: Path | PostgresServer, tmp_path: Path) -> str:
    """The address of a database without tables, to be one of an earlier hub."""
    if isinstance(made, Path):
        return f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    return made.url(made.create_database(f"old_{tmp_path.name.lower().replace('-', '_')}"[:60]))


@dataclass(frozen=True)
class Before:
    """What the earlier hub had: a person with a phone, and two requests: one approved, one that waits."""

    tenant: Tenant
    user: User
    device: Device
    approved: Challenge
    pending: Challenge


async def test_what_was_there_before_credentials_is_there_after(old: str) -> None:
    before = await _filled(old)

    applied = await migrate(old)

    assert applied[0] == "0002"
    assert await is_current(old)
    async with open_store(old) as store, store.read() as tx:
        assert await tx.devices.get(before.device.id) == before.device
        assert await tx.challenges.get(before.approved.id) == before.approved
        assert await tx.challenges.pending_of_user(before.user.id, NOW) == [before.pending]
        assert {before.approved.kind, before.pending.kind} == {Kind.LOGIN}
        assert len(await tx.sessions.open_of_user(before.user.id, NOW)) == 1
        assert len(await tx.audit.page(before.tenant.id, AuditFilter(), 10, None)) == 1
        assert await tx.audit.first_broken(before.tenant.id) is None


async def test_what_is_new_can_be_written_beside_it(old: str) -> None:
    before = await _filled(old)
    await migrate(old)
    enrollment = an_enrollment(before.user)
    credential = Credential("aWQ", "a2V5", 7)
    device = a_device(enrollment, pin_mac=None, credential=credential, subscription="v1:sealed")
    asked = a_challenge(
        a_login(before.tenant, before.user), login_id=None, kind=Kind.TEST, only_for=device.id, digits=None
    )

    async with open_store(old) as store:
        async with store.begin() as tx:
            await tx.enrollments.add(enrollment)
            await tx.devices.add(device)
            await tx.challenges.add(asked)
            await tx.challenges.settle(before.pending.deny(before.device.id, "a.b.c", LATER))

        async with store.read() as tx:
            assert await tx.devices.get(device.id) == device
            assert await tx.challenges.get(asked.id) == asked
            assert (await tx.challenges.get(before.pending.id)).status is Status.DENIED


async def test_what_the_database_refused_it_still_refuses(old: str) -> None:
    before = await _filled(old)
    await migrate(old)

    for statement in (
        "UPDATE audit SET ip = 'x'",
        "DELETE FROM audit",
        f"UPDATE challenges SET status = 'x' WHERE id = '{before.approved.id}'",
        f"UPDATE challenges SET kind = NULL WHERE id = '{before.approved.id}'",
        f"UPDATE devices SET status = 'x' WHERE id = '{before.device.id}'",
        f"UPDATE devices SET public_key = NULL WHERE id = '{before.device.id}'",
    ):
        with pytest.raises(sa.exc.DBAPIError):
            await behind_the_store(old, statement)


async def _filled(old: str) -> Before:
    """Make the tables of the first hub, and put into them what it had."""

    def first_tables(connection: sa.Connection) -> None:
        settings = config()
        settings.attributes.update(connection=connection, applied=[])
        command.upgrade(settings, "0001")

    await _inside(old, first_tables)
    async with open_store(old) as store:
        async with store.begin() as tx:
            tenant, user = await somebody(tx)
            enrollment, logins = an_enrollment(user), [a_login(tenant, user) for _ in range(2)]
            await tx.enrollments.add(enrollment)
            for login in logins:
                await tx.logins.add(login)
            await tx.sessions.add(a_session(logins[0]))
            await tx.audit.add(a_record(tenant))
        async with store.begin() as tx:
            await tx.audit.seal(10)
    device = a_device(enrollment, wrong_pins=2, last_used_at=LATER, connection="socket")
    approved, pending = [a_challenge(login, shown_at=NOW) for login in logins]
    approved = approved.approve(device.id, "a.b.c", LATER)

    def put(connection: sa.Connection) -> None:
        _put(connection, "devices", [device])
        _put(connection, "challenges", [approved, pending])

    await _inside(old, put)
    return Before(tenant, user, device, approved, pending)


def _put(connection: sa.Connection, table: str, values: Iterable[Any]) -> None:
    """Insert as the first hub did: by the columns that there are."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(table)}
    for value in values:
        names = [each.name for each in fields(value) if each.name in there]
        row = {name: getattr(value, name) for name in names}
        connection.execute(sa.insert(metadata.tables[table]).values(row))


async def _inside(database: str, do: Any) -> None:
    engine = create_async_engine(database, poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(do)
    finally:
        await engine.dispose()
