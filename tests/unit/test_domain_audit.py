"""The chain of the audit log, link by link."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from hub.domain.audit import GENESIS, Actor, ActorKind, Event, Record, Seal, broken_at, link, seal
from hub.domain.ids import AuditId, TenantId, UserId
from tests.builders import NOW, a_record, a_tenant

TENANT = a_tenant()
Row = tuple[Record, str, Seal]


def chain(length: int) -> list[Row]:
    """Return rows as they are sealed one after the other."""
    records = [a_record(TENANT, data={"n": n}) for n in range(length)]
    seals = seal(((record.id, record.hash) for record in records), None)
    return [(record, record.hash, sealed) for record, sealed in zip(records, seals, strict=True)]


def test_a_rows_hash_is_over_all_that_it_says_in_canonical_json() -> None:
    record = a_record(TENANT, user_id=UserId("usr_1"), ip="203.0.113.7", data={"b": 1, "a": "ä"})

    text = json.dumps(
        {
            "actor": ["hub", None],
            "at": "2026-11-24T03:00:00.123457+00:00",
            "data": {"a": "ä", "b": 1},
            "id": record.id,
            "ip": "203.0.113.7",
            "tenant_id": TENANT.id,
            "type": "challenge.asked",
            "user_id": "usr_1",
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert record.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": AuditId("aud_other")},
        {"tenant_id": TenantId("ten_other")},
        {"at": NOW + timedelta(microseconds=1)},
        {"type": Event.SIGNED_IN},
        {"actor": Actor(ActorKind.USER)},
        {"actor": Actor(ActorKind.HUB, "x")},
        {"user_id": UserId("usr_other")},
        {"ip": "::1"},
        {"data": {"challenge": "chl_2"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_field_can_change_unseen(change: dict[str, Any]) -> None:
    record = a_record(TENANT)

    assert replace(record, **change).hash != record.hash


def test_the_same_instant_in_another_zone_is_the_same_row() -> None:
    record = a_record(TENANT)

    elsewhere = replace(record, at=record.at.astimezone(timezone(timedelta(hours=5, minutes=30))))

    assert elsewhere.hash == record.hash


def test_the_first_link_hangs_on_nothing_and_each_other_on_the_one_before() -> None:
    first, second = seal([(AuditId("aud_1"), "aa"), (AuditId("aud_2"), "bb")], None)

    assert first == Seal(AuditId("aud_1"), 1, link(GENESIS, "aa"))
    assert second == Seal(AuditId("aud_2"), 2, link(first.link, "bb"))
    assert link("x", "y") == hashlib.sha256(b"xy").hexdigest()


def test_sealing_in_portions_makes_the_same_chain() -> None:
    rows = [(AuditId(f"aud_{n}"), f"{n}") for n in range(5)]

    whole = seal(rows, None)
    begun = seal(rows[:2], None)

    assert begun + seal(rows[2:], begun[-1]) == whole
    assert seal([], begun[-1]) == []


def test_an_untouched_chain_holds() -> None:
    rows = chain(4)

    assert broken_at([]) is None
    assert broken_at(rows) is None
    assert broken_at(rows[2:], rows[1][2]) is None


def changed(row: Row) -> Row:
    """Rewrite what a row says."""
    return replace(row[0], data={"n": 99}), row[1], row[2]


def rehashed(row: Row) -> Row:
    """Rewrite what a row says, and its hash to fit."""
    forged = replace(row[0], data={"n": 99})
    return forged, forged.hash, row[2]


def relinked(row: Row) -> Row:
    """Rewrite a row's link."""
    return row[0], row[1], replace(row[2], link="0" * 64)


def renumbered(row: Row) -> Row:
    """Rewrite a row's number."""
    return row[0], row[1], replace(row[2], number=row[2].number + 1)


@pytest.mark.parametrize("forge", [changed, rehashed, relinked, renumbered])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_tampering_shows_at_its_row(forge: Any, at: int) -> None:
    rows = chain(4)

    rows[at] = forge(rows[at])

    assert broken_at(rows) == at + 1


def test_a_row_that_is_gone_shows_and_one_that_swapped_places() -> None:
    rows = chain(4)

    assert broken_at(rows[:1] + rows[2:]) == 2
    assert broken_at(rows[1:]) == 1
    assert broken_at([rows[0], rows[2], rows[1], rows[3]]) == 2
