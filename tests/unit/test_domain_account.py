"""A person's account: sessions, known browsers, addresses."""

from datetime import timedelta
from typing import Any

import pytest

from hub.domain.account import KnownBrowser, Role, Scope, Session, is_email, normal_email
from hub.domain.factors import Factor, strongest
from hub.domain.ids import SessionId
from tests.builders import NOW, a_browser, a_login, a_session, a_tenant, a_user

TENANT = a_tenant()
ADA = a_user(TENANT)
TINY = timedelta(microseconds=1)


def session(**changes: Any) -> Session:
    """A full session of Ada's."""
    return a_session(a_login(TENANT, ADA), **changes)


def browser(**changes: Any) -> KnownBrowser:
    """A browser that Ada is known in."""
    return a_browser(ADA, **changes)


@pytest.mark.parametrize(("role", "administers"), [("user", False), ("admin", True), ("owner", True)])
def test_who_administers(role: str, administers: bool) -> None:
    assert Role(role).administers is administers


def test_a_session_is_open_until_it_ends() -> None:
    running = session()

    assert running.is_open(running.expires_at - TINY)
    assert not running.is_open(running.expires_at)
    assert not session(ended_at=NOW).is_open(NOW)


@pytest.mark.parametrize(
    ("proofs", "has_device", "fresh"),
    [
        ({Factor.PUSH}, True, True),
        ({Factor.PUSH, Factor.PASSWORD}, True, True),
        ({Factor.PASSWORD}, True, False),
        ({Factor.PASSWORD}, False, True),
        ({Factor.PUSH}, False, False),
        (set(), False, False),
    ],
)
def test_a_change_of_factors_needs_the_strongest_that_the_account_has(
    proofs: set[Factor], has_device: bool, fresh: bool
) -> None:
    signed_in = session(proofs=frozenset(proofs), authenticated_at=NOW)

    assert signed_in.is_fresh(strongest(has_device=has_device), NOW) is fresh


def test_and_that_within_ten_minutes() -> None:
    signed_in = session(authenticated_at=NOW)
    end = NOW + timedelta(minutes=10)

    assert signed_in.is_fresh(Factor.PUSH, end - TINY)
    assert not signed_in.is_fresh(Factor.PUSH, end)


def test_a_held_session_becomes_full_by_its_own_enrolment_alone() -> None:
    held = session(
        scope=Scope.ENROLL, proofs=frozenset({Factor.PASSWORD}), expires_at=NOW + timedelta(minutes=5)
    )

    own = held.completed_by(held.id, NOW)
    foreign = held.completed_by(SessionId("ses_other"), NOW)
    without = held.completed_by(None, NOW)

    assert (own.scope, own.ended_at, own.expires_at) == (Scope.FULL, None, NOW + timedelta(hours=12))
    assert own.proofs == {Factor.PASSWORD, Factor.PUSH}
    assert not foreign.is_open(NOW)
    assert not without.is_open(NOW)


def test_a_full_session_stays_when_a_phone_is_added() -> None:
    full = session()

    assert full.completed_by(None, NOW) == full
    assert full.completed_by(SessionId("ses_other"), NOW) == full


def test_a_browser_is_known_for_thirty_days_or_until_forgotten() -> None:
    known = browser()

    assert known.is_known(known.expires_at - TINY)
    assert not known.is_known(known.expires_at)
    assert not browser(forgotten_at=NOW).is_known(NOW)


def test_a_rotation_keeps_the_old_value_for_a_minute_and_gives_thirty_days() -> None:
    before = browser(token_mac="old")

    after = before.rotated("new", NOW)

    assert (after.token_mac, after.previous_mac) == ("new", "old")
    assert after.expires_at == NOW + timedelta(days=30)
    grace = NOW + timedelta(seconds=60)
    assert not after.is_stale(frozenset({"old"}), grace - TINY)
    assert after.is_stale(frozenset({"old"}), grace)
    assert not after.is_stale(frozenset({"new"}), grace)
    assert after.is_stale(frozenset({"older"}), NOW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.org", "ada@example.org"),
        ("  ada@example.org\n", "ada@example.org"),
        ("STRASSE@example.org", "straße@example.org"),
        ("ａｄａ@example.org", "ada@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
    ],
)
def test_spellings_of_one_address_are_one_address(one: str, other: str) -> None:
    assert normal_email(one) == normal_email(other)


@pytest.mark.parametrize(
    "email", ["a@b.de", "ada+x@mail.example.org", "root@localhost", " a@b.de ", "ä@ö.de"]
)
def test_addresses(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "", "ada", "@b.de", "a@", "a@b", "a@@b.de", "a b@c.de", "a@b..de", "a@.de", "a@b.de\x00", "a\tb@c.de",
        "a" * 250 + "@b.de",
    ],
)  # fmt: skip
def test_no_addresses(email: str) -> None:
    assert not is_email(email)
