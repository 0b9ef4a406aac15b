"""A phone with a PIN comes to a credential later, by proof of its key and that PIN."""

from typing import Any

import pytest

from tests.running import JSON, MSGPACK, RunningHub
from tests.sockets.touching import touch
from tests.sockets.world import Question, asked, someone
from tests.soft_authenticator import USER_PRESENT, SoftAuthenticator

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def add(question: Question, proof: str | None = None, **said: Any) -> dict[str, Any]:
    """Make a new credential over the connection's nonce and send it; return what the hub says."""
    phone = question.device.phone
    phone.authenticator = phone.authenticator or SoftAuthenticator(phone.url)
    proof = proof or phone.proof(question.device.hello["nonce"])
    message = {"attestation": phone.attestation(proof), "pin": "2580", **said}
    kept = {name: value for name, value in message.items() if value is not None}
    await question.device.send({"type": "add_credential", "proof": proof, **kept})
    while (reply := await question.device.next())["type"] not in ("credential_added", "error"):
        pass
    return reply


@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_a_credential_can_be_added_to_a_phone_with_a_pin(named: RunningHub, subprotocol: str) -> None:
    who = await someone(named)
    async with asked(who, subprotocol) as question:
        added = await add(question)

        assert added == {"type": "credential_added"}
        assert (await touch(question))["status"] == "approved"
        (recorded,) = await who.recorded("credential.added")
        assert recorded["device"] == who.phone.id
        assert recorded["credential"] == who.phone.attestation("x")["id"]


async def test_a_credential_can_be_added_without_a_socket(named: RunningHub) -> None:
    who = await someone(named, match="off")
    who.phone.authenticator = SoftAuthenticator(named.url)
    async with who.browser() as browser, who.phone.exchanging() as phone:
        await phone.say()
        proof = who.phone.proof(phone.nonce)
        message = {"type": "add_credential", "proof": proof, "pin": "2580"}
        added = await phone.say(message | {"attestation": who.phone.attestation(proof)})
        await browser.start(who.user.email)
        await phone.say()
        (card,) = phone.ready["pending"]

        assert added == [{"type": "credential_added"}]
        assert (await phone.decide(card["request"]))["status"] == "approved"


async def test_a_new_credential_takes_the_place_of_the_old_one(named: RunningHub) -> None:
    who = await someone(named, touches=True)
    async with asked(who) as question:
        old = who.phone.authenticator
        who.phone.authenticator = None
        await add(question)
        new, who.phone.authenticator = who.phone.authenticator, old
        by_the_old = await touch(question)
        who.phone.authenticator = new

        assert by_the_old["code"] == "uv_required"
        assert (await touch(question))["status"] == "approved"


@pytest.mark.parametrize(
    "forged",
    [
        {"challenge": bytes(32)},
        {"origin": "https://evil.test"},
        {"rp_id": "evil.test"},
        {"flags": USER_PRESENT},
        {"type": "webauthn.get"},
        {"cose": b"\xa0"},
    ],
    ids=["challenge", "origin", "host", "nobody verified", "kind", "key"],
)
async def test_a_forged_credential_is_not_added(named: RunningHub, forged: dict[str, Any]) -> None:
    who = await someone(named)
    who.phone.authenticator = SoftAuthenticator(named.url)
    async with asked(who) as question:
        proof = who.phone.proof(question.device.hello["nonce"])
        refused = await add(question, proof, attestation=who.phone.attestation(proof, **forged))

        assert (refused["type"], refused["code"]) == ("error", "uv_required")
        assert len(await who.recorded("credential.refused")) == 1
        assert not await who.recorded("credential.added")
        assert (await touch(question))["code"] == "uv_required"


async def test_a_credential_is_added_only_over_this_connections_nonce(named: RunningHub) -> None:
    who = await someone(named)
    async with asked(who) as question:
        elsewhere = await add(question, who.phone.proof("another nonce"))
        other = await named.phone(who.user, name="Old phone")
        by_another = await add(question, other.proof(question.device.hello["nonce"]))

        assert [elsewhere["code"], by_another["code"]] == ["uv_required", "uv_required"]
        assert not await who.recorded("credential.added")


async def test_adding_a_credential_needs_the_pin(named: RunningHub) -> None:
    who = await someone(named)
    async with asked(who) as question:
        without = [await add(question, pin=pin) for pin in (None, "")]
        wrong = [await add(question, pin="1111") for _ in range(5)]
        locked = await add(question)

        assert [each["code"] for each in without] == ["uv_required", "uv_required"]
        assert [each["tries_left"] for each in wrong] == [4, 3, 2, 1, 0]
        assert locked["code"] == "device_locked"
        assert not await who.recorded("credential.added")


async def test_a_phone_without_a_pin_cannot_change_its_credential(named: RunningHub) -> None:
    who = await someone(named, touches=True, pin=None)
    async with asked(who) as question:
        refused = await add(question)

        assert refused["code"] == "uv_required"
        assert not await who.recorded("credential.added")
