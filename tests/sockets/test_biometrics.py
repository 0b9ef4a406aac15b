"""Approving by fingerprint or face: one touch for one decision, and whatever does not fit never approves."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.running import JSON, MSGPACK, RunningHub
from tests.sockets.touching import raw, say, touch
from tests.sockets.world import Question, asked, someone
from tests.soft_authenticator import (
    HERE,
    USER_PRESENT,
    USER_VERIFIED,
    SoftAuthenticator,
    challenge_over,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

Shown = dict[str, Any]


# What approves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_one_touch_approves_and_signs_in(named: RunningHub, subprotocol: str) -> None:
    who = await someone(named, touches=True, pin=None)
    async with asked(who, subprotocol) as question:
        decided = await touch(question)

        assert decided == {"type": "decided", "id": question.id, "status": "approved"}
        completed = await question.browser.again("complete")
        assert (completed.status_code, completed.json()["step"]) == (200, "done")


async def test_one_touch_approves_without_a_socket(named: RunningHub) -> None:
    who = await someone(named, touches=True, pin=None, match="off")
    async with who.browser() as browser, who.phone.exchanging() as phone:
        await browser.start(who.user.email)
        await phone.say()
        (card,) = phone.ready["pending"]

        decided = await phone.decide(card["request"])

        assert decided == {"type": "decided", "id": card["id"], "status": "approved"}


async def test_a_phone_with_both_approves_by_either(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        by_touch = await touch(question)
    async with asked(who) as question:
        by_pin = await say(question, question.decision(), pin="2580")

    assert (by_touch["status"], by_pin["status"]) == ("approved", "approved")
    assert [each["uv"] for each in await who.recorded("challenge.approved")] == ["webauthn", "pin"]


async def test_the_audit_log_alone_proves_whose_touch_it_was(named: RunningHub) -> None:
    who = await someone(named, touches=True, pin=None)
    async with asked(who) as question:
        await touch(question)

    (enrolled,) = await who.recorded("device.enrolled")
    (approved,) = await who.recorded("challenge.approved")
    kept = {name: raw(text) for name, text in approved["assertion"].items()}
    key = cbor2.loads(raw(enrolled["credential_key"]))
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big"), ec.SECP256R1()
    )
    signed = kept["authenticatorData"] + hashlib.sha256(kept["clientDataJSON"]).digest()
    numbers.public_key().verify(kept["signature"], signed, ec.ECDSA(SHA256()))  # else it raises
    assert raw(enrolled["credential"]) == kept["credential"]
    hashed = base64.urlsafe_b64encode(challenge_over(approved["decision"])).rstrip(b"=")
    assert b'"challenge":"' + hashed + b'"' in kept["clientDataJSON"]


async def test_a_counter_that_is_not_kept_is_no_obstacle(named: RunningHub) -> None:
    who = await someone(named, touches=True, match="off")
    assert who.phone.authenticator is not None
    who.phone.authenticator.counts = False
    for _ in range(2):
        async with asked(who) as question:
            assert (await touch(question))["status"] == "approved"


# What never approves ------------------------------------------------------------------------------------


def forged(check: str, **wrong: Any) -> tuple[Callable[[Question, str], Shown], str]:
    """Touch for this very decision, and say something wrong."""
    return lambda question, token: question.device.phone.assertion(token, **wrong), check


def changed(check: str, change: Callable[[Shown], Shown]) -> tuple[Callable[[Question, str], Shown], str]:
    """Touch for this very decision, and change what came of it."""
    return lambda question, token: change(question.device.phone.assertion(token)), check


def for_another_text(text: Callable[[Question], str]) -> tuple[Callable[[Question, str], Shown], str]:
    """Touch for something that is not this decision."""
    return lambda question, token: question.device.phone.assertion(text(question)), "challenge"


def of_another_phone(question: Question, token: str) -> Shown:
    return SoftAuthenticator(question.who.hub.url).touch(challenge_over(token))


def by_another_key(question: Question, token: str) -> Shown:
    return question.device.phone.assertion(token, key=SoftAuthenticator("").key)


def with_our_name_on_it(question: Question, token: str) -> Shown:
    names = {name: question.device.phone.assertion(token)[name] for name in ("id", "rawId")}
    return of_another_phone(question, token) | names


def a_new_one_instead(question: Question, token: str) -> Shown:
    return question.device.phone.attestation(token)


def within(response: Shown, **more: Any) -> Shown:
    """Return the answer with something else inside."""
    return response | {"response": response["response"] | more}


NEVER: dict[str, tuple[Callable[[Question, str], Shown], str]] = {
    "made for another decision": for_another_text(lambda question: question.decision()),
    "made for the denial": for_another_text(lambda question: question.decision("deny")),
    "made for another number": for_another_text(
        lambda question: question.decision(match=question.wrong_digits)
    ),
    "made for the request": for_another_text(lambda question: question.request),
    "made for the proof": for_another_text(
        lambda question: question.device.phone.proof(question.device.hello["nonce"])
    ),
    "an empty challenge": forged("challenge", challenge=b""),
    "another origin": forged("origin", origin="https://evil.test"),
    "another port": forged("origin", origin="http://localhost:1"),
    "in a frame of another site": forged("origin", cross=True),
    "another host": forged("rp_id", rp_id="evil.test"),
    "nobody verified": forged("user_verification", flags=USER_PRESENT),
    "nobody present": forged("user_verification", flags=USER_VERIFIED),
    "nobody at all": forged("user_verification", flags=0),
    "another phone's credential": (of_another_phone, "credential"),
    "another phone's, by our name": (with_our_name_on_it, "signature"),
    "our credential's name, another key": (by_another_key, "signature"),
    "a flag set after signing": changed("signature", lambda said: within(said, authenticatorData=unsigned())),
    "no signature": changed("signature", lambda said: within(said, signature="")),
    "a new credential instead": (a_new_one_instead, "form"),
    "of another kind": forged("form", type="webauthn.create"),
    "empty": changed("form", lambda _: {}),
    "without a response": changed("form", lambda said: said | {"response": None}),
    "without client data": changed("form", lambda said: within(said, clientDataJSON=None)),
    "a number for a text": changed("form", lambda said: within(said, authenticatorData=7)),
    "too long": changed("form", lambda said: within(said, signature="A" * 9000)),
}


def unsigned() -> str:
    """Return authenticator data that says that somebody was verified."""
    data = SoftAuthenticator("").authenticator_data({"flags": HERE, "sign_count": 9})
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(("make", "check"), NEVER.values(), ids=NEVER)
async def test_an_assertion_that_does_not_fit_never_approves(
    named: RunningHub, make: Callable[[Question, str], Shown], check: str
) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        token = question.decision()

        refused = await say(question, token, assertion=make(question, token))

        assert (refused["type"], refused["code"], refused["id"]) == ("error", "uv_required", question.id)
        assert await question.status() == "pending"
        assert await who.recorded("credential.refused") == [
            {"device": who.phone.id, "challenge": question.id, "check": check}
        ]
        assert not await who.recorded("challenge.approved")
        assert (await touch(question))["status"] == "approved"


@pytest.mark.parametrize("said", [0, 3, 6, 7], ids=["gone", "back", "one back", "the same"])
async def test_a_counter_that_does_not_rise_never_approves(named: RunningHub, said: int) -> None:
    who = await someone(named, touches=True, match="off")
    async with asked(who) as question:
        assert (await touch(question, sign_count=7))["status"] == "approved"
    async with asked(who) as question:
        refused = await touch(question, sign_count=said)

        assert refused["code"] == "uv_required"
        assert await question.status() == "pending"
        assert [each["check"] for each in await who.recorded("credential.refused")] == ["counter"]
        assert (await touch(question, sign_count=8))["status"] == "approved"


async def test_a_counter_counts_also_where_the_number_was_wrong(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        token = question.decision(match=question.wrong_digits)
        denied = await say(question, token, assertion=who.phone.assertion(token, sign_count=7))
    async with asked(who) as question:
        refused = await touch(question, sign_count=7)

        assert (denied["status"], denied["reason"]) == ("denied", "wrong_match")
        assert refused["code"] == "uv_required"


async def test_one_touch_is_for_one_request(named: RunningHub) -> None:
    who = await someone(named, touches=True, match="off")
    async with asked(who) as question, who.browser() as other:
        token = question.decision()
        assertion = who.phone.assertion(token)
        await other.start(who.user.email)
        card = await question.device.until("challenge")
        passed_off = await say(question, who.phone.decision(card["request"]), assertion=assertion)
        used = await say(question, token, assertion=assertion)
        again = await say(question, token, assertion=assertion)

        assert (passed_off["code"], passed_off["id"]) == ("uv_required", card["id"])
        assert used == again == {"type": "decided", "id": question.id, "status": "approved"}
        assert (await other.look()).json()["challenge"]["status"] == "pending"


async def test_a_right_pin_does_not_mend_a_wrong_assertion_nor_is_a_wrong_one_counted(
    named: RunningHub,
) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        token = question.decision()
        wrong = who.phone.assertion(token, flags=USER_PRESENT)
        refused = [await say(question, token, assertion=wrong, pin=pin) for pin in ("2580", "1111")]

        assert [each["code"] for each in refused] == ["uv_required", "uv_required"]
        assert "pin.wrong" not in await who.audited()
        assert await question.status() == "pending"


async def test_a_phone_without_a_credential_cannot_touch(named: RunningHub) -> None:
    who = await someone(named)
    who.phone.authenticator = SoftAuthenticator(named.url)
    async with asked(who) as question:
        refused = await touch(question)

        assert refused["code"] == "uv_required"
        assert [each["check"] for each in await who.recorded("credential.refused")] == ["credential"]


async def test_another_phone_of_the_same_person_cannot_lend_its_touch(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    other = await named.phone(who.user, touches=True, name="Old phone")
    async with asked(who) as question:
        token = question.decision()
        refused = await say(question, token, assertion=other.assertion(token))

        assert refused["code"] == "uv_required"
        assert await question.status() == "pending"


async def test_a_phone_without_a_pin_cannot_guess_one(named: RunningHub) -> None:
    who = await someone(named, touches=True, pin=None)
    async with asked(who) as question:
        refused = [await say(question, question.decision(), pin=pin) for pin in ("2580", "0000", "") * 2]

        assert {each["code"] for each in refused} == {"uv_required"}
        assert "pin.wrong" not in await who.audited()
        assert (await touch(question))["status"] == "approved"


async def test_a_locked_phone_refuses_touches_too(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        for _ in range(5):
            await say(question, question.decision(), pin="1111")

        refused = await touch(question)
        denied = await say(question, question.decision("deny"))

        assert refused["code"] == "device_locked"
        assert denied["status"] == "denied"


async def test_a_touch_gives_no_pin_tries_back(named: RunningHub) -> None:
    who = await someone(named, touches=True, match="off")
    async with asked(who) as question:
        for _ in range(4):
            await say(question, question.decision(), pin="1111")
        assert (await touch(question))["status"] == "approved"
    async with asked(who) as question:
        fifth = await say(question, question.decision(), pin="1111")

        assert (fifth["code"], fifth["tries_left"]) == ("wrong_pin", 0)
        assert "device.locked" in await who.audited()


async def test_denying_needs_no_touch_and_looks_at_none(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        denied = await say(question, question.decision("deny"), assertion={"odd": 1}, pin="1111")

        assert denied["status"] == "denied"
        assert not {"credential.refused", "pin.wrong"} & set(await who.audited())


# The order ----------------------------------------------------------------------------------------------


async def test_what_became_of_the_request_comes_before_the_touch(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        await touch(question)

        late = await touch(question, origin="https://evil.test")

        assert late["status"] == "approved"
        assert not await who.recorded("credential.refused")


async def test_the_touch_comes_before_the_number(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        token = question.decision(match=question.wrong_digits)
        first = await say(question, token, assertion=who.phone.assertion(token, flags=USER_PRESENT))
        without = question.decision(match=None)
        second = await say(question, without, assertion=who.phone.assertion(without))

        assert [first["code"], second["code"]] == ["uv_required", "bad_decision"]
        assert await question.status() == "pending"
