"""The audit log's tables: rows that are never changed, and the seals that link them."""

import asyncio
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from hub.adapters.sql.link import Link
from hub.adapters.sql.query import POSTGRESQL, Query
from hub.adapters.sql.tables import audit, audit_seals, audit_unsealed
from hub.domain.audit import Actor, Record, Seal, broken_at, seal
from hub.domain.ids import AuditId, TenantId
from hub.ports import AuditFilter

# Any number of our own: whoever holds this advisory lock is the one sealer.
_SEALER = 0x6C756D6F
PAGE = 200
_SEAL_WIDTH = 3

_ROW = (
    audit.c.id,
    audit.c.tenant_id,
    audit.c.at,
    audit.c.type,
    audit.c.actor_kind,
    audit.c.actor_id,
    audit.c.user_id,
    audit.c.ip,
    audit.c.data,
    audit.c.hash,
)
_ADD = Query(sa.insert(audit))
_NARROWER = {
    "before": audit.c.id < sa.bindparam("before"),
    "type": audit.c.type == sa.bindparam("type"),
    "user_id": audit.c.user_id == sa.bindparam("user_id"),
    "since": audit.c.at >= sa.bindparam("since"),
    "until": audit.c.at < sa.bindparam("until"),
    "ip": audit.c.ip == sa.bindparam("ip"),
}
_TRY_SEALER = Query(sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal(_SEALER, sa.BigInteger))))
_UNSEALED = Query(
    sa.select(audit.c.tenant_id, audit.c.id, audit.c.hash)
    .join(audit_unsealed, audit_unsealed.c.audit_id == audit.c.id)
    .order_by(audit_unsealed.c.audit_id)
    .limit(sa.bindparam("most"))
)
_SEALS = sa.select(audit_seals.c.audit_id, audit_seals.c.number, audit_seals.c.link).where(
    audit_seals.c.tenant_id == sa.bindparam("of_tenant")
)
_LAST = Query(_SEALS.order_by(audit_seals.c.number.desc()).limit(1))
_SEAL = Query(sa.insert(audit_seals))
_SEALED = Query(sa.delete(audit_unsealed).where(audit_unsealed.c.audit_id == sa.bindparam("of_id")))
_CHAIN = Query(
    _SEALS.add_columns(*_ROW)
    .outerjoin(audit, audit.c.id == audit_seals.c.audit_id)
    .where(audit_seals.c.number > sa.bindparam("after"))
    .order_by(audit_seals.c.number)
    .limit(sa.bindparam("most"))
)


@cache
def _narrowed(*names: str) -> Query:
    """Return the query for a page of rows that these conditions hold for."""
    return Query(
        sa.select(*_ROW)
        .where(audit.c.tenant_id == sa.bindparam("of_tenant"), *(_NARROWER[name] for name in names))
        .order_by(audit.c.id.desc())
        .limit(sa.bindparam("most"))
    )


class SqlAuditLog:
    """Implements ports.AuditLog."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    async def add(self, record: Record) -> None:
        """Append the row with its own hash."""
        values = {
            "id": record.id,
            "tenant_id": record.tenant_id,
            "at": record.at,
            "type": record.type,
            "actor_kind": record.actor.kind,
            "actor_id": record.actor.id,
            "user_id": record.user_id,
            "ip": record.ip,
            "data": record.data,
            "hash": record.hash,
        }
        await self._link.change(_ADD, values)

    async def page(
        self, tenant_id: TenantId, which: AuditFilter, limit: int, before: AuditId | None
    ) -> list[tuple[Record, str]]:
        """Return at most *limit* rows and their stored hashes, newest first, those older than *before*."""
        asked = {
            "before": before,
            "type": which.type,
            "user_id": which.user_id,
            "since": which.since,
            "until": which.until,
            "ip": which.ip,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        rows = await self._link.rows(_narrowed(*given), {"of_tenant": tenant_id, "most": limit, **given})
        return [_record(row) for row in rows]

    async def seal(self, limit: int) -> int:
        """Link at most *limit* committed, unlinked rows into their tenants' chains; return how many.

        One sealer at a time; with another at work it returns 0.
        """
        if self._link.dialect == POSTGRESQL:
            lock = await self._link.row(_TRY_SEALER)
            if lock != [True]:
                return 0
        rows = await self._link.rows(_UNSEALED, {"most": limit})
        seals = []
        # Sorting is stable: within a tenant the rows stay in the order of their ids.
        for tenant_id, group in groupby(sorted(rows, key=itemgetter(0)), key=itemgetter(0)):
            last = await self._link.row(_LAST, {"of_tenant": tenant_id})
            chain = seal(((row_id, row_hash) for _, row_id, row_hash in group), Seal(*last) if last else None)
            seals += [
                {"audit_id": each.audit_id, "tenant_id": tenant_id, "number": each.number, "link": each.link}
                for each in chain
            ]
        if seals:
            await self._link.change_many(_SEAL, seals)
            await self._link.change_many(_SEALED, [{"of_id": each["audit_id"]} for each in seals])
        return len(seals)

    async def first_broken(self, tenant_id: TenantId) -> int | None:
        """Return the number of the first sealed row that does not hold, or None; read in pages."""
        last: Seal | None = None
        size = PAGE
        while True:
            after = last.number if last else 0
            try:
                rows = await self._link.rows(_CHAIN, {"of_tenant": tenant_id, "after": after, "most": size})
            except (LookupError, ValueError):
                # One of them holds what the hub never writes: go on one by one until it is found.
                if size == 1:
                    return after + 1
                size = 1
                continue
            if not rows:
                return None
            # A row that is gone leaves a seal without a record, and all before it may hold.
            gone = next((row[1] for row in rows if row[_SEAL_WIDTH] is None), None)
            present = [row for row in rows if row[_SEAL_WIDTH] is not None]
            checked = ((*_record(row[_SEAL_WIDTH:]), Seal(*row[:_SEAL_WIDTH])) for row in present)
            broken = broken_at(checked, last)
            if broken is not None or gone is not None:
                return min(number for number in (broken, gone) if number is not None)
            last = Seal(*rows[-1][:_SEAL_WIDTH])
            # Others have their turn: on SQLite reading lets nobody in between.
            await asyncio.sleep(0)


def _record(row: list[Any]) -> tuple[Record, str]:
    """Return the record and its stored hash."""
    row_id, tenant_id, at, event, actor_kind, actor_id, user_id, ip, data, row_hash = row
    actor = Actor(actor_kind, actor_id)
    return Record(row_id, tenant_id, at, event, actor, user_id, ip, data), row_hash
