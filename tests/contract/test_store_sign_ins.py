"""Contract of the store: sign-ins, questions to phones, and what slows them down."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.adapters.sql.store import SqlStore
from hub.domain.challenge import Challenge, Reason, Report, Status
from hub.domain.errors import AlreadySettled, NotFound
from hub.domain.factors import Factor
from hub.domain.ids import ChallengeId, LoginId
from hub.domain.login import Step
from hub.domain.place import NoPlace, Origin, Place
from hub.domain.throttle import Lane, Pressure
from tests.builders import NOW, a_browser, a_challenge, a_login, a_phone, a_question, a_tenant, somebody

LATER = NOW + timedelta(minutes=5)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "place",
    [Place("Germany"), Place("France", "Paris", 48.8566, 2.3522), NoPlace.OWN_NETWORK, NoPlace.NOT_KNOWN],
)
async def test_where_a_sign_in_comes_from_is_kept(store: SqlStore, place: Place | NoPlace) -> None:
    tenant = a_tenant()
    login = a_login(tenant, origin=Origin("2001:db8::7", place, "Safari", "macOS"))

    async with store.begin() as tx:
        await tx.tenants.add(tenant)
        await tx.logins.add(login)

    async with store.read() as tx:
        assert await tx.logins.get(login.id) == login


async def test_a_sign_in_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        browser = a_browser(user)
        await tx.browsers.add(browser)
        login = a_login(
            tenant,
            user,
            step=Step.FAILED,
            return_to="/account/security",
            known_browser=browser.id,
            proofs=frozenset(Factor),
            challenge_id=ChallengeId("chl_1"),
            pushes=2,
            last_push_at=NOW,
            approved_at=LATER,
            matched=True,
            outcome=Status.DENIED,
        )
        await tx.logins.add(login)

    async with store.read() as tx:
        assert await tx.logins.get(login.id) == login


async def test_a_sign_in_moves_only_from_the_step_it_is_at(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user)
        await tx.logins.add(login)
        pushed = login.pushed(ChallengeId("chl_1"), NOW)
        approved = pushed.approved_by_push(LATER, matched=True)

        moved = [
            await tx.logins.move(pushed, Step.PUSH),
            await tx.logins.move(approved, Step.PUSH),
            await tx.logins.move(login.failed(Status.CANCELLED), Step.PUSH),
        ]

        assert moved == [True, True, False]
        assert await tx.logins.hold(login.id) == approved


async def test_a_browser_finds_its_own_unexpired_sign_ins(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, other = a_tenant(), a_tenant()
        await tx.tenants.add(tenant)
        await tx.tenants.add(other)
        old = a_login(tenant, browser_mac="mine", step=Step.DONE, outcome=Status.APPROVED)
        new = a_login(tenant, browser_mac="mine, under an older key", created_at=NOW + TICK)
        expired = a_login(tenant, browser_mac="mine", expires_at=LATER)
        elsewhere = a_login(other, browser_mac="mine")
        for login in (old, new, expired, elsewhere, a_login(tenant)):
            await tx.logins.add(login)

        found = await tx.logins.in_browser(tenant.id, ["mine", "mine, under an older key"], LATER)

    assert found == [new, old]


async def test_open_sign_ins_of_a_person_include_approved_ones(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        waiting = a_login(tenant, user)
        approved = a_login(tenant, user, step=Step.APPROVED, approved_at=NOW)
        done = a_login(tenant, user, step=Step.DONE, outcome=Status.APPROVED)
        for login in (waiting, approved, done, a_login(tenant)):
            await tx.logins.add(login)

        assert await tx.logins.open_of_user(user.id) == [waiting, approved]


async def test_a_sign_in_is_overdue_at_its_end_and_a_minute_after_approval(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant = a_tenant()
        await tx.tenants.add(tenant)
        expired = a_login(tenant, expires_at=LATER)
        asking = a_login(tenant, expires_at=LATER - TICK, step=Step.PASSWORD)
        ahead = a_login(tenant, expires_at=LATER + TICK)
        over = a_login(tenant, expires_at=NOW, step=Step.FAILED, outcome=Status.EXPIRED)
        fresh = a_login(tenant)
        for login in (expired, asking, ahead, over, fresh):
            await tx.logins.add(login)
        not_fetched = fresh.approved_by_push(LATER - timedelta(seconds=61), matched=False)
        await tx.logins.move(not_fetched, Step.PUSH)

        assert await tx.logins.overdue(LATER, 10) == [not_fetched, asking, expired]
        assert await tx.logins.overdue(LATER, 2) == [not_fetched, asking]


async def test_a_question_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        bare = await a_question(tx, tenant, digits=None)
        full = await a_question(
            tx,
            tenant,
            user,
            lane=Lane.KNOWN,
            status=Status.DENIED,
            digits=None,
            shown_at=NOW,
            unreachable_at=LATER,
            decided_at=LATER,
            decided_by=phone.id,
            decision="jws",
            reason=Reason.WRONG_MATCH,
            report=Report.FRAUD,
        )

    async with store.read() as tx:
        assert await tx.challenges.get(bare.id) == bare
        assert await tx.challenges.get(full.id) == full
        assert await tx.challenges.several([bare.id, full.id, ChallengeId("chl_none")]) == [bare, full]
        assert await tx.challenges.several([]) == []


async def test_settling_writes_the_outcome_and_erases_the_digits(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        challenge = await a_question(tx, tenant, user)
        denied = challenge.deny(phone.id, "jws", LATER - timedelta(minutes=4), Reason.WRONG_MATCH)

        await tx.challenges.settle(denied)

        assert await tx.challenges.get(challenge.id) == denied
        assert denied.digits is None


async def test_a_settled_question_tells_what_became_of_it(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        challenge = await a_question(tx, tenant, user)
        await tx.challenges.settle(challenge.deny(phone.id, "jws", NOW))

    for late in (challenge.approve(phone.id, "jws", NOW), challenge.cancel(NOW), challenge.expire()):
        with pytest.raises(AlreadySettled) as refused:
            async with store.begin() as tx:
                await tx.challenges.settle(late)
        assert (refused.value.about, refused.value.status) == (challenge.id, Status.DENIED)


async def test_a_question_cannot_be_answered_at_its_end(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        phone = await a_phone(tx, user)
        challenge = await a_question(tx, tenant, user, expires_at=LATER)
    # As it would be if it had been read before its end and written after it.
    too_late = replace(challenge.approve(phone.id, "jws", LATER - TICK), decided_at=LATER)

    with pytest.raises(AlreadySettled) as refused:
        async with store.begin() as tx:
            await tx.challenges.settle(too_late)

    assert refused.value.status == Status.EXPIRED
    async with store.begin() as tx:
        await tx.challenges.settle(challenge.expire())
        assert await tx.challenges.get(challenge.id) == challenge.expire()


async def test_settling_what_is_not_there_is_not_found(store: SqlStore) -> None:
    challenge = a_challenge(a_login(a_tenant()))

    with pytest.raises(NotFound):
        async with store.begin() as tx:
            await tx.challenges.settle(challenge.cancel(NOW))
    with pytest.raises(NotFound):
        async with store.begin() as tx:
            await tx.challenges.note(challenge)
    with pytest.raises(NotFound):
        async with store.read() as tx:
            await tx.logins.get(LoginId("lgn_none"))


async def test_a_note_leaves_the_outcome_alone(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        challenge = await a_question(tx, tenant, user)
        cancelled = challenge.cancel(NOW)
        await tx.challenges.settle(cancelled)

        await tx.challenges.note(replace(challenge, shown_at=NOW, report=Report.MISTAKE))

        expected = replace(cancelled, shown_at=NOW, report=Report.MISTAKE)
        assert await tx.challenges.get(challenge.id) == expected


async def test_a_note_takes_nothing_back(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        challenge = await a_question(tx, tenant, user)

        await tx.challenges.note(replace(challenge, shown_at=NOW))
        await tx.challenges.note(replace(challenge, unreachable_at=LATER))

        expected = replace(challenge, shown_at=NOW, unreachable_at=LATER)
        assert await tx.challenges.get(challenge.id) == expected


async def test_pending_questions_are_told_by_person_and_by_address(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant, user = await somebody(tx)
        login = a_login(tenant, user, account="ada")
        await tx.logins.add(login)
        second = a_challenge(login, created_at=NOW + TICK)
        first = a_challenge(login)
        overdue = a_challenge(login, created_at=NOW - TICK, expires_at=NOW + TICK)
        settled = a_challenge(login)
        for challenge in (second, first, overdue, settled):
            await tx.challenges.add(challenge)
        await tx.challenges.settle(settled.cancel(NOW))
        decoy = await a_question(tx, tenant, account="nobody")

        assert await tx.challenges.pending_of_user(user.id, NOW + TICK) == [first, second]
        assert await tx.challenges.pending_of_account(tenant.id, "ada") == [overdue, first, second]
        assert await tx.challenges.pending_of_account(tenant.id, "nobody") == [decoy]


async def test_overdue_questions_come_oldest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        tenant = a_tenant()
        await tx.tenants.add(tenant)
        login = a_login(tenant)
        await tx.logins.add(login)
        second: Challenge = a_challenge(login, expires_at=LATER)
        first = a_challenge(login, expires_at=LATER - TICK)
        ahead = a_challenge(login, expires_at=LATER + TICK)
        settled = a_challenge(login)
        for challenge in (second, first, ahead, settled):
            await tx.challenges.add(challenge)
        await tx.challenges.settle(settled.cancel(NOW))

        assert await tx.challenges.overdue(LATER, 10) == [first, second]
        assert await tx.challenges.overdue(LATER, 1) == [first]


async def test_pressure_comes_back_as_it_was(store: SqlStore) -> None:
    tenant, other = a_tenant(), a_tenant()
    pressure = Pressure()
    for minute in range(4):
        at = NOW + timedelta(minutes=minute)
        pressure = pressure.with_push(Lane.ANY, pressure.of_push(Lane.ANY).denied(at))
        pressure = pressure.with_password(Lane.KNOWN, pressure.of_password(Lane.KNOWN).failed(at))

    async with store.begin() as tx:
        await tx.tenants.add(tenant)
        await tx.tenants.add(other)
        nothing = await tx.pressure.hold(tenant.id, "ada")
        await tx.pressure.save(tenant.id, "ada", pressure)

    async with store.begin() as tx:
        assert nothing == Pressure()
        assert await tx.pressure.get(tenant.id, "ada") == pressure
        assert await tx.pressure.hold(tenant.id, "ada") == pressure
        assert await tx.pressure.get(other.id, "ada") == Pressure()
        assert await tx.pressure.get(tenant.id, "bob") == Pressure()
