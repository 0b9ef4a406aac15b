"""Decisions that count for nothing, one test each, and the order of looking at them (PROTOCOL §1)."""

from collections.abc import Callable

import pytest

from tests.databases import behind_the_store
from tests.running import JSON, MSGPACK, Phone, RunningHub
from tests.sockets import forging
from tests.sockets.world import Question, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

Forge = Callable[[Question, str], str]


def claims(**wrong: object) -> Forge:
    """Say what is wrong, and sign it."""
    return lambda question, answer: question.decision(answer, **wrong)


def times(iat: int, exp: int) -> Forge:
    """Date it by seconds from now."""

    def forge(question: Question, answer: str) -> str:
        now = question.device.phone.seconds()
        return question.decision(answer, iat=now + iat, exp=now + exp)

    return forge


def header(**wrong: object) -> Forge:
    """Say it in the header, and sign it."""
    return lambda question, answer: forging.signed_by(
        question.decision(answer), question.device.phone.key, **wrong
    )


def public_key_as_secret(question: Question, answer: str) -> str:
    return forging.with_public_key_as_secret(question.decision(answer), question.device.phone.key)


def a_stranger_signs(question: Question, answer: str) -> str:
    return forging.signed_by(question.decision(answer), Phone("", None).key)


def of_another_kind(question: Question, answer: str) -> str:
    return question.device.phone.proof(question.device.hello["nonce"])


BAD: dict[str, Forge] = {
    "another hub's": claims(aud="https://elsewhere.test"),
    "another device says so": claims(iss="dev_01arz3ndektsv4rrffq69g5fav"),
    "about another challenge": claims(sub="chl_01arz3ndektsv4rrffq69g5fav"),
    "about another request": claims(req="47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
    "the request unhashed": lambda question, answer: question.decision(answer, req=question.request),
    "expired": times(-120, -31),
    "not yet valid": times(40, 60),
    "longer than 120 s": times(0, 121),
    "ends before it begins": times(0, -31),
    "without jti": claims(jti=None),
    "without req": claims(req=None),
    "without exp": claims(exp=None),
    "without iat": claims(iat=None),
    "neither approve nor deny": claims(decision="maybe"),
    "a time of the wrong type": claims(exp="tomorrow"),
    "alg none": lambda question, answer: forging.without_algorithm(question.decision(answer)),
    "alg none, signed": lambda question, answer: forging.without_algorithm_but_signed(
        question.decision(answer)
    ),
    "HS256 with the public key": public_key_as_secret,
    "another key": a_stranger_signs,
    "changed after signing": lambda question, answer: forging.with_changed_claims(
        question.decision("deny" if answer == "approve" else "approve"), decision=answer
    ),
    "another kind of token": of_another_kind,
    "another typ": header(typ="lumo-proof+jwt"),
    "no typ": header(typ=None),
    "another kid": header(kid="dev_01arz3ndektsv4rrffq69g5fav"),
    "half a character": claims(match="\ud800"),
    "no token at all": lambda question, answer: "approve",
    "empty": lambda question, answer: "",
}


@pytest.mark.parametrize("answer", ["approve", "deny"])
@pytest.mark.parametrize("forge", BAD.values(), ids=BAD)
async def test_a_decision_that_does_not_fit_changes_nothing(
    hub: RunningHub, forge: Forge, answer: str
) -> None:
    async with asked(await someone(hub)) as question:
        await question.device.send({"type": "ack", "id": question.id})

        refused = await question.answer(forge(question, answer))

        assert (refused["type"], refused["code"]) == ("error", "bad_decision")
        assert await question.status() == "pending"
        assert (await question.answer())["status"] == "approved"


@pytest.mark.parametrize(("iat", "exp"), [(29, 60), (-120, -20), (0, 120)])
async def test_clocks_may_differ_by_half_a_minute(hub: RunningHub, iat: int, exp: int) -> None:
    async with asked(await someone(hub)) as question:
        decided = await question.answer(times(iat, exp)(question, "approve"))

        assert decided["status"] == "approved"


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_another_device_of_the_same_user_cannot_lend_its_key(hub: RunningHub, answer: str) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with asked(who) as question:
        borrowed = await question.answer(forging.signed_by(question.decision(answer), other.key))
        passed_on = await question.answer(other.decision(question.request, answer, question.digits))

        assert [borrowed["code"], passed_on["code"]] == ["bad_decision", "bad_decision"]
        assert await question.status() == "pending"


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_another_users_device_decides_nothing(hub: RunningHub, answer: str) -> None:
    who = await someone(hub)
    other = await hub.phone(await hub.user(who.tenant, "eve@demo.test"))
    async with asked(who) as question, other.connected() as stranger:
        refused = await stranger.decide(question.request, answer, question.digits)

        assert refused["code"] == "bad_decision"
        assert await question.status() == "pending"


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_another_tenants_device_decides_nothing(hub: RunningHub, answer: str) -> None:
    namesake = await someone(hub)
    who = await someone(hub)
    async with asked(who) as question, namesake.phone.connected() as stranger:
        refused = await stranger.decide(question.request, answer, question.digits)

        assert namesake.user.email == who.user.email
        assert refused["code"] == "bad_decision"
        assert await question.status() == "pending"


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_a_removed_device_decides_nothing(hub: RunningHub, answer: str) -> None:
    async with asked(await someone(hub)) as question:
        # Behind the hub's back: otherwise its socket is closed before it can say anything.
        await behind_the_store(
            hub.settings.database_url,
            f"UPDATE devices SET status = 'removed' WHERE id = '{question.device.phone.id}'",
        )

        await question.device.send({"type": "decide", "decision": question.decision(answer), "pin": "2580"})

        assert await question.device.closed() == 4403
        assert await question.status() == "pending"


async def test_a_replayed_decision_is_told_what_became_of_it_and_does_nothing_more(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        token = question.decision()
        first = await question.answer(token)

        again = await question.answer(token)

        assert again == first == {"type": "decided", "id": question.id, "status": "approved"}
        assert (await who.audited()).count("challenge.approved") == 1


async def test_a_replayed_decision_does_not_approve_the_next_request(hub: RunningHub) -> None:
    who = await someone(hub, match="off")
    async with asked(who) as question, who.browser() as next_browser:
        token = who.phone.decision(question.request)
        await question.answer(token)
        await next_browser.start(who.user.email)

        again = await question.answer(token)

        assert again["id"] == question.id
        assert (await next_browser.look()).json()["challenge"]["status"] == "pending"


# User verification --------------------------------------------------------------------------------------


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
@pytest.mark.parametrize("pin", [None, ""])
async def test_approving_without_a_pin_counts_for_nothing(
    hub: RunningHub, pin: str | None, subprotocol: str
) -> None:
    who = await someone(hub)
    async with asked(who, subprotocol) as question:
        message = {"type": "decide", "decision": question.decision()}
        for _ in range(6):
            await question.device.send(message if pin is None else {**message, "pin": pin})
        refused = [await question.device.until("error") for _ in range(6)]

        assert {each["code"] for each in refused} == {"uv_required"}
        assert not any("tries_left" in each for each in refused)
        assert {each["id"] for each in refused} == {question.id}
        assert await question.status() == "pending"
        assert "pin.wrong" not in await who.audited()
        assert (await question.answer())["status"] == "approved"


async def test_five_wrong_pins_in_a_row_lock_the_device(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        wrong = [await question.answer(pin="1111") for _ in range(5)]
        right = await question.answer(pin="2580")

        assert [each["code"] for each in wrong] == ["wrong_pin"] * 5
        assert [each["tries_left"] for each in wrong] == [4, 3, 2, 1, 0]
        assert (right["type"], right["code"], right["id"]) == ("error", "device_locked", question.id)
        assert await question.status() == "pending"
        audited = await who.audited()
        assert (audited.count("pin.wrong"), audited.count("device.locked")) == (5, 1)


async def test_a_locked_device_stays_locked_after_a_reconnect(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        for _ in range(5):
            await question.answer(pin="1111")

    async with who.phone.connected() as device:
        refused = await device.decide(question.request, match=question.digits)

        assert device.ready["pending"] == [question.card]
        assert refused["code"] == "device_locked"


async def test_a_locked_device_can_still_deny(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        for _ in range(5):
            await question.answer(pin="1111")

        denied = await question.device.decide(question.request, "deny")

        assert denied == {"type": "decided", "id": question.id, "status": "denied"}


async def test_the_right_pin_starts_the_count_anew(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        for _ in range(4):
            await question.answer(pin="1111")
        first = await question.answer(pin="2580")
    async with asked(who) as question:
        wrong = [await question.answer(pin="1111") for _ in range(4)]
        second = await question.answer(pin="2580")

        assert first["status"] == "approved"
        assert [each["code"] for each in wrong] == ["wrong_pin"] * 4
        assert second["status"] == "approved"


async def test_a_lock_is_one_devices_alone(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with asked(who) as question, other.connected() as second:
        for _ in range(5):
            await question.answer(pin="1111")

        decided = await second.decide(question.request, match=question.digits)

        assert decided["status"] == "approved"


# The number ---------------------------------------------------------------------------------------------


async def test_an_approval_without_the_number_leaves_it_pending(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        refused = await question.answer(match=None)

        assert (refused["code"], refused["id"]) == ("bad_decision", question.id)
        assert await question.status() == "pending"
        assert (await question.answer())["status"] == "approved"


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_wrong_number_denies_for_good(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with asked(who, subprotocol) as question:
        async with question.browser.watching() as page:
            denied = await question.answer(match=question.wrong_digits)
            resolved = await page.until("resolved")
        after = await question.answer()

        assert denied == {
            "type": "decided",
            "id": question.id,
            "status": "denied",
            "reason": "wrong_match",
        }
        assert resolved["status"] == "denied"
        assert after == denied
        audited = await who.audited()
        assert audited.count("challenge.denied") == 1
        assert "challenge.approved" not in audited


async def test_a_number_from_another_request_denies(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question, who.browser() as other:
        await other.start(who.user.email)
        assert other.digits != question.digits

        denied = await question.answer(match=other.digits)

        assert (denied["status"], denied["reason"]) == ("denied", "wrong_match")
        assert (await other.look()).json()["challenge"]["status"] == "pending"


@pytest.mark.parametrize(
    "almost",
    [
        lambda digits: "",
        lambda digits: f" {digits}",
        lambda digits: f"{digits}0",
        lambda digits: digits[:5],
        lambda digits: digits.translate({48 + n: 0x660 + n for n in range(10)}),
    ],
    ids=["empty", "space", "longer", "shorter", "arabic digits"],
)
async def test_almost_the_number_is_a_wrong_one(hub: RunningHub, almost: Callable[[str], str]) -> None:
    async with asked(await someone(hub)) as question:
        denied = await question.answer(match=almost(question.digits or ""))

        assert (denied["status"], denied["reason"]) == ("denied", "wrong_match")


async def test_a_number_that_is_no_text_does_not_fit(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        refused = await question.answer(match=int(question.digits or 0))

        assert refused["code"] == "bad_decision"
        assert await question.status() == "pending"


async def test_a_number_where_none_is_asked_for_is_ignored(hub: RunningHub) -> None:
    who = await someone(hub, match="off")
    async with asked(who) as question:
        decided = await question.device.decide(question.request, match="123456")

        assert decided["status"] == "approved"


# The order ----------------------------------------------------------------------------------------------


async def test_form_comes_before_the_lock(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        for _ in range(5):
            await question.answer(pin="1111")

        refused = await question.answer(aud="https://elsewhere.test")

        assert refused["code"] == "bad_decision"


async def test_the_lock_comes_before_what_became_of_the_challenge(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        for _ in range(5):
            await question.answer(pin="1111")
        await question.device.decide(question.request, "deny")

        refused = await question.answer()

        assert refused["code"] == "device_locked"


async def test_what_became_of_the_challenge_comes_before_the_pin(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        await question.answer()

        without = await question.answer(pin=None)
        wrong = await question.answer(pin="1111")

        assert [without["status"], wrong["status"]] == ["approved", "approved"]
        assert "pin.wrong" not in await who.audited()


async def test_the_pin_comes_before_the_number(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        without = await question.answer(pin=None, match=question.wrong_digits)
        wrong = await question.answer(pin="1111", match=question.wrong_digits)

        assert [without["code"], wrong["code"]] == ["uv_required", "wrong_pin"]
        assert await question.status() == "pending"


async def test_an_expired_request_is_told_as_such_and_costs_no_pin(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        hub.clock.advance(121)

        decided = await question.answer(pin="1111")

        assert decided == {"type": "decided", "id": question.id, "status": "expired"}
        assert "pin.wrong" not in await who.audited()
