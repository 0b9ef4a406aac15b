"""Contract of the store: tenants, people, phones, activation codes, sessions, browsers, keys."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.adapters.sql.store import SqlStore
from hub.domain.account import Role, Scope, UserStatus
from hub.domain.device import DeviceStatus
from hub.domain.enrollment import EnrollmentStatus
from hub.domain.errors import Conflict, NotFound
from hub.domain.factors import Factor
from hub.domain.ids import BrowserId, DeviceId, EnrollmentId, TenantId, UserId
from hub.domain.tenant import AuthenticationSettings, MatchPolicy, PushMode
from tests.builders import (
    NOW,
    a_browser,
    a_device,
    a_key,
    a_login,
    a_phone,
    a_session,
    a_tenant,
    a_user,
    an_enrollment,
    somebody,
)
from tests.databases import behind_the_store

LATER = NOW + timedelta(minutes=5)


async def test_a_tenant_comes_back_as_it_was(store: SqlStore) -> None:
    settings = AuthenticationSettings(
        require_push=True,
        push_mode=PushMode.SECOND_FACTOR,
        match=MatchPolicy.ALWAYS,
        challenge_ttl_s=45,
        allowed_origins=("https://wiki.example.org",),
        return_addresses=("https://wiki.example.org/back",),
    )
    tenant = a_tenant(authentication=settings)

    async with store.begin() as tx:
        await tx.tenants.add(tenant)

    async with store.read() as tx:
        assert await tx.tenants.get(tenant.id) == tenant
        assert await tx.tenants.by_slug(tenant.slug) == tenant


async def test_a_changed_tenant_is_written_whole(store: SqlStore) -> None:
    tenant = a_tenant()
    changed = replace(tenant, name="New", authentication=AuthenticationSettings(challenge_ttl_s=60))

    async with store.begin() as tx:
        await tx.tenants.add(tenant)
        await tx.tenants.save(changed)

    async with store.read() as tx:
        assert await tx.tenants.get(tenant.id) == changed


async def test_tenants_are_listed_by_age(store: SqlStore) -> None:
    young, old = a_tenant(created_at=LATER), a_tenant(created_at=NOW)

    async with store.begin() as tx:
        await tx.tenants.add(young)
        await tx.tenants.add(old)

    async with store.read() as tx:
        assert await tx.tenants.all() == [old, young]


async def test_settings_of_another_version_do_no_harm(store: SqlStore, database: str) -> None:
    tenant = a_tenant()
    async with store.begin() as tx:
        await tx.tenants.add(tenant)

    other = '{"challenge_ttl_s": 77, "of_next_year": [1]}'
    await behind_the_store(database, f"UPDATE tenants SET authentication = '{other}'")

    async with store.read() as tx:
        found = await tx.tenants.get(tenant.id)
    assert found.authentication == AuthenticationSettings(challenge_ttl_s=77)


async def test_a_slug_is_taken_once(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.tenants.add(a_tenant(slug="acme"))

    with pytest.raises(Conflict):
        async with store.begin() as tx:
            await tx.tenants.add(a_tenant(slug="acme"))


async def test_a_person_comes_back_as_they_were(store: SqlStore) -> None:
    full = {"name": "Ada", "password": "$argon2id$", "last_sign_in_at": LATER}

    async with store.begin() as tx:
        tenant, user = await somebody(tx, role=Role.OWNER, status=UserStatus.BLOCKED, **full)
        bare = a_user(tenant)
        await tx.users.add(bare)

    async with store.read() as tx:
        assert await tx.users.get(tenant.id, user.id) == user
        assert await tx.users.get(tenant.id, bare.id) == bare


async def test_an_address_is_found_however_it_is_written(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx, email="Ada.Lovelace@Example.org")

    async with store.read() as tx:
        assert await tx.users.by_email(tenant.id, " ada.lovelace@EXAMPLE.org ") == user


async def test_an_address_is_taken_once_in_a_tenant(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, _ = await somebody(tx, email="ada@example.org")
        other = a_user(tenant, email="other@example.org")
        await tx.users.add(other)

    with pytest.raises(Conflict):
        async with store.begin() as tx:
            await tx.users.add(a_user(tenant, email="ADA@example.org"))
    with pytest.raises(Conflict):
        async with store.begin() as tx:
            await tx.users.save(replace(other, email="Ada@example.org"))


async def test_tenants_do_not_see_each_others_people(store: SqlStore) -> None:
    async with store.begin() as tx:
        here, ada = await somebody(tx, email="ada@example.org")
        there, twin = await somebody(tx, email="ada@example.org")

    async with store.read() as tx:
        assert await tx.users.by_email(here.id, "ada@example.org") == ada
        assert await tx.users.by_email(there.id, "ada@example.org") == twin
        assert await tx.users.page(here.id, 10, None) == [ada]
        with pytest.raises(NotFound):
            await tx.users.get(there.id, ada.id)


async def test_people_are_leafed_through_by_id(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, first = await somebody(tx)
        second, third = a_user(tenant), a_user(tenant)
        await tx.users.add(third)
        await tx.users.add(second)

    async with store.read() as tx:
        assert await tx.users.page(tenant.id, 2, None) == [first, second]
        assert await tx.users.page(tenant.id, 2, second.id) == [third]


async def test_only_owners_are_held(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, owner = await somebody(tx, role=Role.OWNER)
        await tx.users.add(a_user(tenant, role=Role.ADMIN))
        await somebody(tx, role=Role.OWNER)

        owners = await tx.users.hold_owners(tenant.id)

    assert owners == [owner]


async def test_nobody_belongs_to_a_user_of_another_tenant(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        other, _ = await somebody(tx)

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        async with store.begin() as tx:
            await tx.logins.add(a_login(other, user))


async def test_a_phone_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        used = {"wrong_pins": 5, "locked_at": LATER, "last_used_at": NOW}
        phone = await a_phone(tx, user, **used)
        removed = await a_phone(tx, user, status=DeviceStatus.REMOVED, removed_at=LATER)

    async with store.read() as tx:
        assert await tx.devices.get(phone.id) == phone
        assert await tx.devices.get(removed.id) == removed
        assert await tx.devices.of_user(user.id) == [phone]


async def test_phones_of_several_people_come_at_once(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, ada = await somebody(tx)
        bob, eve = a_user(tenant), a_user(tenant)
        await tx.users.add(bob)
        await tx.users.add(eve)
        phones = [await a_phone(tx, ada), await a_phone(tx, bob)]
        await a_phone(tx, eve)

    async with store.read() as tx:
        assert await tx.devices.of_users([ada.id, bob.id]) == phones
        assert await tx.devices.of_users([]) == []


async def test_phones_of_everybody_are_counted_and_listed_while_they_are_active(store: SqlStore) -> None:
    async with store.read() as tx:
        assert await tx.devices.count_active() == (0, 0)
        assert await tx.devices.all_active() == []

    async with store.begin() as tx:
        _, ada = await somebody(tx)
        _, bob = await somebody(tx)
        phones = [await a_phone(tx, user, enrolled_at=at) for user, at in ((bob, NOW), (ada, LATER))]
        phones.append(await a_phone(tx, ada, enrolled_at=LATER + timedelta(seconds=1)))
        gone = await a_phone(tx, bob)
        await tx.devices.save(gone.removed(NOW))

    async with store.read() as tx:
        assert await tx.devices.count_active() == (3, 2)
        assert await tx.devices.all_active() == phones


async def test_saving_a_phone_leaves_its_newest_socket_alone(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        phone = await a_phone(tx, user)
        await tx.devices.connect(phone.id, "socket-2")
        await tx.devices.save(replace(phone, name="New name", connection="socket-1"))

        saved = await tx.devices.hold(phone.id)

    assert saved == replace(phone, name="New name", connection="socket-2")


async def test_an_activation_code_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user)
        session = a_session(login)
        await tx.logins.add(login)
        await tx.sessions.add(session)
        enrollment = an_enrollment(user, session_id=session.id)
        await tx.enrollments.add(enrollment)

    async with store.read() as tx:
        assert await tx.enrollments.get(enrollment.id) == enrollment
        assert await tx.enrollments.by_code(["of an older key", enrollment.code_mac]) == enrollment
        assert await tx.enrollments.by_code(["unknown"]) is None
        assert await tx.enrollments.open_of_user(user.id) == [enrollment]


async def test_an_activation_code_is_settled_once(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        enrollment = an_enrollment(user)
        device = a_device(enrollment)
        await tx.enrollments.add(enrollment)
        await tx.devices.add(device)

        first = await tx.enrollments.settle(enrollment.done(device.id, NOW))
        second = await tx.enrollments.settle(enrollment.cancelled(NOW))

        assert (first, second) == (True, False)
        assert await tx.enrollments.get(enrollment.id) == enrollment.done(device.id, NOW)
        assert await tx.enrollments.open_of_user(user.id) == []


async def test_overdue_activation_codes_come_oldest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        second = an_enrollment(user, expires_at=LATER)
        first = an_enrollment(user, expires_at=NOW)
        over = an_enrollment(user, expires_at=NOW, status=EnrollmentStatus.CANCELLED)
        ahead = an_enrollment(user, expires_at=LATER + timedelta(microseconds=1))
        for each in (second, first, over, ahead):
            await tx.enrollments.add(each)

        assert await tx.enrollments.overdue(LATER, 10) == [first, second]
        assert await tx.enrollments.overdue(LATER, 1) == [first]


async def test_a_session_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login, browser = a_login(tenant, user), a_browser(user)
        await tx.logins.add(login)
        await tx.browsers.add(browser)
        session = a_session(login, proofs=frozenset(Factor), browser_id=browser.id)
        await tx.sessions.add(session)

    async with store.read() as tx:
        assert await tx.sessions.by_token(["unknown", session.token_mac]) == session
        assert await tx.sessions.by_token(["unknown"]) is None


async def test_a_saved_session_has_its_new_scope_proofs_and_end(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user)
        session = a_session(login, scope=Scope.ENROLL, proofs=frozenset({Factor.PASSWORD}))
        await tx.logins.add(login)
        await tx.sessions.add(session)
        full = session.completed_by(session.id, LATER)
        await tx.sessions.save(full)

        assert await tx.sessions.by_token([session.token_mac]) == full


async def test_an_ended_session_stays_ended(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user)
        session = a_session(login)
        await tx.logins.add(login)
        await tx.sessions.add(session)
        ended = replace(session, ended_at=NOW)
        await tx.sessions.save(ended)

        await tx.sessions.save(session)

        assert await tx.sessions.by_token([session.token_mac]) == ended


async def test_open_sessions_are_those_that_still_sign_in(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user)
        await tx.logins.add(login)
        old = a_session(login)
        new = a_session(login, created_at=LATER)
        over = a_session(login, expires_at=LATER)
        ended = a_session(login, ended_at=NOW)
        for each in (old, new, over, ended):
            await tx.sessions.add(each)

        assert await tx.sessions.open_of_user(user.id, LATER) == [new, old]


async def test_a_known_browser_comes_back_as_it_was_rotated(store: SqlStore) -> None:
    async with store.begin() as tx:
        _, user = await somebody(tx)
        browser = a_browser(user)
        await tx.browsers.add(browser)
        rotated = browser.rotated("next", LATER)
        await tx.browsers.save(rotated)

        assert await tx.browsers.get(browser.id) == rotated


async def test_a_forgotten_browser_stays_forgotten(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        other = a_user(tenant)
        await tx.users.add(other)
        browser, second, kept = a_browser(user), a_browser(user), a_browser(other)
        for each in (browser, second, kept):
            await tx.browsers.add(each)

        forgotten = await tx.browsers.forget_all(user.id, LATER)
        await tx.browsers.save(browser)

        assert forgotten == 2
        assert await tx.browsers.get(browser.id) == replace(browser, forgotten_at=LATER)
        assert await tx.browsers.get(kept.id) == kept
        assert await tx.browsers.forget_all(user.id, LATER) == 0


async def test_signing_keys_come_by_their_turn(store: SqlStore) -> None:
    later, first = a_key(signs_from=LATER), a_key(signs_from=NOW)

    async with store.begin() as tx:
        await tx.keys.add_signing(later)
        await tx.keys.add_signing(first)

    async with store.read() as tx:
        assert await tx.keys.signing() == [first, later]


async def test_what_is_kept_first_stays_until_it_is_replaced(store: SqlStore) -> None:
    async with store.begin() as tx:
        assert await tx.keys.kept("seed") is None
        assert await tx.keys.keep("seed", "first") == "first"
        assert await tx.keys.kept("seed") == "first"
    async with store.begin() as tx:
        assert await tx.keys.keep("seed", "second") == "first"
        await tx.keys.replace("seed", "third")
        await tx.keys.replace("new", "fourth")

    async with store.begin() as tx:
        assert await tx.keys.keep("seed", "fifth") == "third"
        assert await tx.keys.keep("new", "fifth") == "fourth"


async def test_what_is_not_there_is_not_found(store: SqlStore) -> None:
    async with store.begin() as tx:
        for missing in (
            tx.tenants.get(TenantId("ten_none")),
            tx.tenants.by_slug("none"),
            tx.users.get(TenantId("ten_none"), UserId("usr_none")),
            tx.devices.get(DeviceId("dev_none")),
            tx.devices.hold(DeviceId("a name much longer than any identifier of ours")),
            tx.devices.get(DeviceId("a NUL \0, which PostgreSQL knows not")),
            tx.devices.get(DeviceId("half a pair \ud800, which no database knows")),
            tx.enrollments.get(EnrollmentId("enr_none")),
            tx.browsers.get(BrowserId("bro_none")),
        ):
            with pytest.raises(NotFound):
                await missing
        assert await tx.tenants.all() == []


async def test_an_instant_without_its_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(Exception, match="time zone"):
        async with store.begin() as tx:
            await tx.tenants.add(a_tenant(created_at=datetime(2026, 11, 24)))  # noqa: DTZ001  # what is refused


async def test_a_sign_in_noted_late_undoes_no_block(store: SqlStore) -> None:
    tenant = a_tenant()
    user = a_user(tenant)
    async with store.begin() as tx:
        await tx.tenants.add(tenant)
        await tx.users.add(user)
    async with store.begin() as tx:
        await tx.users.save(replace(user, status=UserStatus.BLOCKED))

    async with store.begin() as tx:
        await tx.users.signed_in(user, user.created_at)

    async with store.read() as tx:
        found = await tx.users.get(tenant.id, user.id)
    assert (found.status, found.last_sign_in_at) == (UserStatus.BLOCKED, user.created_at)


async def test_a_session_is_known_in_one_browser_once(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        first, second = a_browser(user), a_browser(user)
        await tx.browsers.add(first)
        await tx.browsers.add(second)
        login = a_login(tenant, user)
        await tx.logins.add(login)
        session = a_session(login)
        await tx.sessions.add(session)

        assert await tx.sessions.know(session.id, first.id)
        assert not await tx.sessions.know(session.id, second.id)

        found = await tx.sessions.by_token([session.token_mac])
        assert found is not None
        assert found.browser_id == first.id


async def test_tenants_are_found_by_an_origin_that_they_allow(store: SqlStore) -> None:
    allowing = a_tenant(authentication=AuthenticationSettings(allowed_origins=("https://app.example.org",)))
    returning = a_tenant(authentication=AuthenticationSettings(return_addresses=("https://b.example.org",)))
    async with store.begin() as tx:
        await tx.tenants.add(allowing)
        await tx.tenants.add(returning)

        assert await tx.tenants.allowing("https://app.example.org") == [allowing]
        assert await tx.tenants.allowing("https://b.example.org") == []
        assert await tx.tenants.allowing('x"%') == []
