"""What a phone and the hub say to each other once the phone is in (PROTOCOL §2)."""

import json
from typing import Any

import jwt
import msgpack
import pytest

from tests.running import JSON, MSGPACK, DeviceSocket, RunningHub
from tests.sockets.test_device_handshake import BYTES, MAPS, TEXTS
from tests.sockets.world import Question, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])


# Challenge and ack --------------------------------------------------------------------------------------


@BOTH
async def test_a_challenge_carries_the_signed_request_and_nothing_else(
    hub: RunningHub, subprotocol: str
) -> None:
    who = await someone(hub)
    async with asked(who, subprotocol) as question:
        assert question.card == {"type": "challenge", "id": question.id, "request": question.request}
        claims = jwt.decode(question.request, options={"verify_signature": False})
        assert (claims["iss"], claims["aud"], claims["jti"]) == (hub.url, who.user.id, question.id)
        assert claims["match"] == "required"
        assert question.digits
        assert question.digits not in str({**claims, "iat": 0, "exp": 0})


@BOTH
async def test_the_browser_is_told_that_the_phone_shows_it(hub: RunningHub, subprotocol: str) -> None:
    async with asked(await someone(hub), subprotocol) as question, question.browser.watching() as page:
        before = await page.next()

        await question.device.send({"type": "ack", "id": question.id, "later": "addition"})
        after = await page.next()

        assert before["challenge"]["delivery"] == "sending"
        assert after == {
            **before,
            "challenge": {**before["challenge"], "delivery": "shown"},
            "version": after["version"],
        }
        assert after["version"] != before["version"]


async def test_a_second_ack_changes_nothing(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        for _ in range(3):
            await question.device.send({"type": "ack", "id": question.id})

        assert (await question.answer())["type"] == "decided"


async def test_an_ack_of_what_is_over_is_no_error(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        await question.answer()

        await question.device.send({"type": "ack", "id": question.id})
        await question.device.send({"type": "ping of mine"})

        assert (await question.device.next())["code"] == "unknown_type"


UNKNOWN = ["chl_01arz3ndektsv4rrffq69g5fav", "", "\x00", "' OR 1=1", "\U0001f511", "c" * 8000]


@BOTH
@pytest.mark.parametrize("challenge_id", UNKNOWN)
async def test_what_nobody_asked_is_not_found(
    on_either: RunningHub, challenge_id: str, subprotocol: str
) -> None:
    who = await someone(on_either)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "ack", "id": challenge_id})
        acked = await device.next()
        await device.send({"type": "report", "id": challenge_id, "reason": "fraud"})
        reported = await device.next()

        for refused in (acked, reported):
            assert refused == {
                "type": "error",
                "code": "not_found",
                "detail": refused["detail"],
                "id": challenge_id,
            }


async def test_somebody_elses_request_is_not_found(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await hub.phone(await hub.user(who.tenant, "eve@demo.test"))
    async with asked(who) as question, other.connected() as device:
        await question.device.decide(question.request, "deny")
        for message in (
            {"type": "ack", "id": question.id},
            {"type": "report", "id": question.id, "reason": "mistake"},
        ):
            await device.send(message)
            refused = await device.next()

            assert (refused["code"], refused["id"]) == ("not_found", question.id)


async def test_a_decision_about_what_does_not_exist_is_refused(on_either: RunningHub) -> None:
    async with asked(await someone(on_either)) as question:
        refused = [await question.answer(sub=each) for each in (*UNKNOWN[:5], "\ud800")]

        assert {each["code"] for each in refused} == {"bad_decision"}
        assert await question.status() == "pending"


# Decide -------------------------------------------------------------------------------------------------


@BOTH
async def test_denying_needs_neither_pin_nor_number(hub: RunningHub, subprotocol: str) -> None:
    async with asked(await someone(hub), subprotocol) as question:
        decided = await question.device.decide(question.request, "deny")

        assert decided == {"type": "decided", "id": question.id, "status": "denied"}


async def test_a_wrong_pin_does_not_stand_in_the_way_of_a_denial(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        denied = await question.device.decide(question.request, "deny", question.wrong_digits, pin="1111")

        assert denied == {"type": "decided", "id": question.id, "status": "denied"}
        assert "pin.wrong" not in await who.audited()


@BOTH
async def test_a_phone_hears_once_of_its_own_decision(hub: RunningHub, subprotocol: str) -> None:
    async with asked(await someone(hub), subprotocol) as question:
        await question.answer()
        await question.device.send({"type": "what else?"})

        assert (await question.device.next())["code"] == "unknown_type"


@BOTH
@pytest.mark.parametrize("ending", ["cancelled", "expired", "replaced"])
async def test_every_phone_puts_away_what_nobody_answered(
    hub: RunningHub, ending: str, subprotocol: str
) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with other.connected(subprotocol) as second, asked(who, subprotocol) as question:
        await second.until("challenge")

        if ending == "cancelled":
            await question.browser.again("cancel")
        elif ending == "expired":
            hub.clock.advance(121)
        else:
            hub.clock.advance(61)
            await question.browser.again("push")
        told = [await question.device.next(), await second.next()]

        status = "expired" if ending == "expired" else "cancelled"
        assert told == [{"type": "resolved", "id": question.id, "status": status}] * 2
        late = await question.answer()
        assert late == {"type": "decided", "id": question.id, "status": status}


async def test_a_fresh_push_comes_as_a_new_challenge(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        hub.clock.advance(61)

        await question.browser.again("push")
        card = await question.device.until("challenge")
        decided = await question.device.decide(card["request"], match=question.browser.digits)

        assert card["id"] != question.id
        assert decided == {"type": "decided", "id": card["id"], "status": "approved"}


@BOTH
async def test_to_authenticate_twice_changes_nothing(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with asked(who, subprotocol) as question:
        proof = other.proof(question.device.hello["nonce"])
        await question.device.send({"type": "authenticate", "device_id": other.id, "proof": proof})

        assert (await question.answer())["status"] == "approved"
        assert await who.sockets(other) == 0


# Report -------------------------------------------------------------------------------------------------


async def denied(question: Question) -> None:
    """Deny."""
    await question.device.decide(question.request, "deny")


async def report(device: DeviceSocket, question: Question, reason: str = "fraud") -> dict[str, Any]:
    """Say why; return what the hub says to it."""
    await device.send({"type": "report", "id": question.id, "reason": reason})
    return await device.next()


@BOTH
@pytest.mark.parametrize("reason", ["mistake", "unexpected", "fraud"])
async def test_who_denied_may_say_why(hub: RunningHub, reason: str, subprotocol: str) -> None:
    who = await someone(hub)
    async with asked(who, subprotocol) as question:
        await denied(question)

        reported = await report(question.device, question, reason)

        assert reported == {"type": "reported", "id": question.id}
        assert "challenge.reported" in await who.audited()


async def test_a_report_may_come_after_a_reconnect(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        await denied(question)
    async with who.phone.connected() as device:
        assert (await report(device, question))["type"] == "reported"


async def test_a_report_is_taken_for_ten_minutes(hub: RunningHub) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        await denied(question)
        hub.clock.advance(595)
        in_time = await report(question.device, question)
        hub.clock.advance(6)
        too_late = await report(question.device, question)

        assert in_time["type"] == "reported"
        assert (too_late["code"], too_late["id"]) == ("not_found", question.id)


async def test_only_the_phone_that_denied_may_say_why(hub: RunningHub) -> None:
    who = await someone(hub)
    other = await who.another_phone()
    async with other.connected() as second, asked(who) as question:
        await denied(question)
        await second.until("resolved")

        refused = await report(second, question)

        assert (refused["code"], refused["id"]) == ("not_found", question.id)
        assert "challenge.reported" not in await who.audited()


@pytest.mark.parametrize("approved", [False, True])
async def test_what_was_not_denied_cannot_be_reported(hub: RunningHub, approved: bool) -> None:
    async with asked(await someone(hub)) as question:
        if approved:
            await question.answer()

        refused = await report(question.device, question)

        assert (refused["code"], refused["id"]) == ("not_found", question.id)


# What cannot be read ------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("name", ["knock", "", "challenge", "ACK", "Ack ", "hello"])
async def test_an_unknown_type_is_told_and_changes_nothing(
    hub: RunningHub, name: str, subprotocol: str
) -> None:
    async with asked(await someone(hub), subprotocol) as question:
        for _ in range(5):
            await question.device.send({"type": name, "id": question.id})
            refused = await question.device.next()

            assert (refused["type"], refused["code"]) == ("error", "unknown_type")
        assert (await question.answer())["status"] == "approved"


MALFORMED = {
    **{name: each for name, each in MAPS.items() if name not in ("something else first", "an unknown type")},
    "an ack without id": {"type": "ack"},
    "an ack of a number": {"type": "ack", "id": 1},
    "a decision that is no text": {"type": "decide", "decision": {}},
    "a PIN that is a number": {"type": "decide", "decision": "d", "pin": 2580},
    "a reason that is none": {"type": "report", "id": "chl_1", "reason": "boredom"},
    "an assertion that is no map": {"type": "decide", "decision": "d", "assertion": "a"},
}


def frame(message: Any, subprotocol: str) -> bytes | str:
    return msgpack.packb(message) if subprotocol == MSGPACK else json.dumps(message)


def frames() -> list[Any]:
    """Return every malformed frame with the subprotocol it is malformed in."""
    found = [
        pytest.param(subprotocol, frame(message, subprotocol), id=f"{name}-{subprotocol}")
        for subprotocol in (MSGPACK, JSON)
        for name, message in MALFORMED.items()
    ]
    found += [pytest.param(MSGPACK, each, id=name) for name, each in BYTES.items()]
    found += [pytest.param(JSON, each, id=f"{name} (text)") for name, each in TEXTS.items()]
    return [
        *found,
        pytest.param(MSGPACK, '{"type":"ack","id":"chl_1"}', id="text where binary is spoken"),
        pytest.param(JSON, msgpack.packb({"type": "ack", "id": "chl_1"}), id="binary where text is spoken"),
    ]


@pytest.mark.parametrize(("subprotocol", "frame"), frames())
async def test_a_malformed_frame_is_told_and_the_third_in_a_row_ends_it(
    hub: RunningHub, subprotocol: str, frame: bytes | str
) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        for _ in range(2):
            await device.connection.send(frame)
            refused = await device.next()

            assert refused == {"type": "error", "code": "malformed", "detail": refused["detail"]}
        await device.connection.send(frame)

        assert await device.closed() == 4400


@BOTH
@pytest.mark.parametrize(
    "good", [{"type": "ack", "id": "chl_1"}, {"type": "knock"}], ids=["known", "of unknown type"]
)
async def test_a_readable_frame_in_between_starts_the_count_anew(
    hub: RunningHub, good: dict[str, str], subprotocol: str
) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        codes = []
        for message in ({}, {}, good, {}, {}, good):
            await device.send(message)
            codes.append((await device.next())["code"])

        assert codes.count("malformed") == 4
        await device.send(good)
        assert (await device.next())["type"] == "error"


async def test_a_malformed_frame_takes_nothing_away(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question:
        await question.device.connection.send(b"\xc1")
        await question.device.until("error")

        assert (await question.answer())["status"] == "approved"


@BOTH
async def test_the_detail_does_not_quote_what_was_sent(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "decide", "decision": "d", "pin": 24681357})
        refused = await device.next()

        assert "24681357" not in refused["detail"]
