"""The audit log's tables: rows that are never changed, and the seals that link them."""

from itertools import groupby
from typing import Any

import sqlalchemy as sa

from hub.adapters.sql.rows import Link, some
from hub.adapters.sql.tables import audit, audit_seals, audit_unsealed
from hub.domain.audit import Actor, Record, Seal, broken_at, seal
from hub.domain.ids import AuditId, TenantId
from hub.ports import AuditFilter

# Any number of our own: whoever holds this advisory lock is the one sealer.
_SEALER = 0x6C756D6F
PAGE = 500

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
_ADD = sa.insert(audit)
_OF_TENANT = (
    sa.select(*_ROW)
    .where(audit.c.tenant_id == sa.bindparam("of_tenant"))
    .order_by(audit.c.id.desc())
    .limit(sa.bindparam("most"))
)
_TRY_SEALER = sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal(_SEALER, sa.BigInteger)))
_UNSEALED = (
    sa.select(audit.c.tenant_id, audit.c.id, audit.c.hash)
    .join(audit_unsealed, audit_unsealed.c.audit_id == audit.c.id)
    .order_by(audit_unsealed.c.audit_id)
    .limit(sa.bindparam("most"))
)
_LAST = (
    sa.select(audit_seals.c.audit_id, audit_seals.c.number, audit_seals.c.link)
    .where(audit_seals.c.tenant_id == sa.bindparam("of_tenant"))
    .order_by(audit_seals.c.number.desc())
    .limit(1)
)
_SEAL = sa.insert(audit_seals)
_SEALED = sa.delete(audit_unsealed).where(audit_unsealed.c.audit_id.in_(some("of_ids")))
_CHAIN = (
    sa.select(audit_seals.c.audit_id, audit_seals.c.number, audit_seals.c.link, *_ROW)
    .outerjoin(audit, audit.c.id == audit_seals.c.audit_id)
    .where(audit_seals.c.tenant_id == sa.bindparam("of_tenant"), audit_seals.c.number > sa.bindparam("after"))
    .order_by(audit_seals.c.number)
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
        equal = {"type": which.type, "user_id": which.user_id, "ip": which.ip}
        wanted = [audit.c[name] == value for name, value in equal.items() if value is not None]
        if before is not None:
            wanted.append(audit.c.id < before)
        if which.since is not None:
            wanted.append(audit.c.at >= which.since)
        if which.until is not None:
            wanted.append(audit.c.at < which.until)
        rows = await self._link.rows(_OF_TENANT.where(*wanted), {"of_tenant": tenant_id, "most": limit})
        return [(_record(row), row.hash) for row in rows]

    async def seal(self, limit: int) -> int:
        """Link at most *limit* committed, unlinked rows into their tenants' chains; return how many.

        One sealer at a time; with another at work it returns 0.
        """
        if self._link.dialect == "postgresql":
            lock = await self._link.row(_TRY_SEALER)
            if lock is None or not lock[0]:
                return 0
        rows = await self._link.rows(_UNSEALED, {"most": limit})
        if not rows:
            return 0
        seals = []
        # Sorting is stable: within a tenant the rows stay in the order of their ids.
        for tenant_id, group in groupby(sorted(rows, key=_tenant), key=_tenant):
            last = await self._link.row(_LAST, {"of_tenant": tenant_id})
            chain = seal(((row.id, row.hash) for row in group), _seal(last) if last else None)
            seals += [
                {"audit_id": each.audit_id, "tenant_id": tenant_id, "number": each.number, "link": each.link}
                for each in chain
            ]
        await self._link.change(_SEAL, seals)
        await self._link.change(_SEALED, {"of_ids": [row.id for row in rows]})
        return len(rows)

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
            gone = next((row.number for row in rows if row.id is None), None)
            present = ((_record(row), row.hash, _seal(row)) for row in rows if row.id is not None)
            broken = broken_at(present, last)
            if broken is not None or gone is not None:
                return min(number for number in (broken, gone) if number is not None)
            last = _seal(rows[-1])


def _record(row: sa.Row[Any]) -> Record:
    actor = Actor(row.actor_kind, row.actor_id)
    return Record(row.id, row.tenant_id, row.at, row.type, actor, row.user_id, row.ip, row.data)


def _seal(row: sa.Row[Any]) -> Seal:
    return Seal(row.audit_id, row.number, row.link)


def _tenant(row: sa.Row[Any]) -> str:
    tenant_id: str = row.tenant_id
    return tenant_id
