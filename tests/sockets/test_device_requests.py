"""What a phone asks of the hub about itself: a test request, web pushes, another name, leaving."""

from typing import Any

import jwt
import pytest

from hub.domain.account import UserStatus
from hub.domain.ids import DeviceId
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.ports import AuditFilter
from tests.push.keys import BrowserKeys
from tests.running import JSON, MSGPACK, DeviceSocket, RunningHub
from tests.sockets.world import Someone, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])


async def try_it(device: DeviceSocket, **how: Any) -> dict[str, Any]:
    """Ask for a test request; return its card."""
    await device.send({"type": "test", **how})
    return await device.until("challenge")


def claims_of(card: dict[str, Any]) -> dict[str, Any]:
    """Return what a request says."""
    claims: dict[str, Any] = jwt.decode(card["request"], options={"verify_signature": False})
    return claims


# Test requests ------------------------------------------------------------------------------------------


@BOTH
async def test_a_test_request_comes_as_any_other_and_says_what_it_is(
    hub: RunningHub, subprotocol: str
) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "test"})

        said = [await device.next(), await device.next()]

        replies = {each["type"]: each for each in said}
        assert replies.keys() == {"test_asked", "challenge"}
        assert replies["test_asked"] == {"type": "test_asked", "id": replies["challenge"]["id"]}
        claims = claims_of(replies["challenge"])
        assert (claims["kind"], claims["match"], claims["app"]) == ("test", "none", "Test request")
        assert (claims["aud"], claims["ctx"]["ip"]) == (who.user.id, "127.0.0.1")
        assert claims["exp"] - claims["iat"] == 120


@pytest.mark.parametrize(("answer", "status"), [("approve", "approved"), ("deny", "denied")])
async def test_a_test_request_is_answered_as_any_other(
    on_either: RunningHub, answer: str, status: str
) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        card = await try_it(device)
        await device.send({"type": "ack", "id": card["id"]})

        decided = await device.decide(card["request"], answer)

        assert decided == {"type": "decided", "id": card["id"], "status": status}
        assert (await who.audited())[-2:] == ["challenge.asked", f"challenge.{status}"]
        if answer == "deny":
            await device.send({"type": "report", "id": card["id"], "reason": "mistake"})
            assert await device.next() == {"type": "reported", "id": card["id"]}


async def test_a_test_request_is_for_the_phone_that_asked(on_either: RunningHub) -> None:
    who = await someone(on_either)
    other = await who.another_phone()
    async with who.phone.connected() as device, other.connected() as second:
        card = await try_it(device)

        for message in (
            {"type": "ack", "id": card["id"]},
            {"type": "report", "id": card["id"], "reason": "fraud"},
            {"type": "decide", "decision": other.decision(card["request"]), "pin": other.pin},
        ):
            await second.send(message)
        refusals = [await second.next() for _ in range(3)]
        async with other.connected() as again:
            pending = again.ready["pending"]

        # Nothing else came: not even the card.
        assert [each["code"] for each in refusals] == ["not_found", "not_found", "bad_decision"]
        assert pending == []
        assert (await device.decide(card["request"]))["status"] == "approved"


async def test_a_new_test_request_takes_the_place_of_the_one_before(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        first = await try_it(device)
        await device.send({"type": "test"})
        said = [await device.next() for _ in range(3)]

        resolved = next(each for each in said if each["type"] == "resolved")
        second = next(each for each in said if each["type"] == "challenge")

        assert resolved == {"type": "resolved", "id": first["id"], "status": "cancelled"}
        assert (await device.decide(first["request"]))["status"] == "cancelled"
        assert (await device.decide(second["request"]))["status"] == "approved"


async def test_a_test_request_for_later_comes_later(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        await device.send({"type": "test", "delay_s": 1})
        told = await device.next()
        async with who.phone.connected() as again:
            pending = again.ready["pending"]

            card = await again.next()

            assert told["type"] == "test_asked"
            assert pending == []
            assert (card["type"], card["id"]) == ("challenge", told["id"])
            assert claims_of(card)["iat"] <= on_either.clock.now().timestamp()
            assert (await again.decide(card["request"]))["status"] == "approved"


@pytest.mark.parametrize("delay_s", [-1, 61, 1.5, "1"])
async def test_a_delay_is_a_minute_at_most(hub: RunningHub, delay_s: Any) -> None:
    who = await someone(hub)
    async with who.phone.connected() as device:
        await device.send({"type": "test", "delay_s": delay_s})

        assert (await device.next())["code"] == "malformed"


async def test_test_requests_count_for_no_wait_no_cap_and_no_mute(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        for _ in range(4):
            await device.decide((await try_it(device))["request"], "deny")
        await try_it(device)

        begun = [await who.browser().start(who.user.email) for _ in range(3)]

        assert all("challenge" in each for each in begun)
        async with who.phone.connected() as again:
            assert len(again.ready["pending"]) == 4


async def test_shutting_a_person_out_calls_test_requests_off(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        await device.send({"type": "test", "delay_s": 60})
        await device.until("test_asked")
        blocked = Changes(status=UserStatus.BLOCKED)

        await on_either.services.administer.change_user(
            who.tenant.id, who.user.id, blocked, by=AT_THE_COMMAND_LINE
        )

        assert await device.closed() == 4401
        assert "challenge.cancelled" in await who.audited()


# Web pushes ---------------------------------------------------------------------------------------------


async def subscribed(who: Someone) -> bool:
    """Whether the phone is told, as it connects, that the hub pushes to it."""
    async with who.phone.connected() as device:
        told: bool = device.ready["push_subscribed"]
        return told


@BOTH
async def test_a_phone_subscribes_to_web_pushes_and_no_longer(
    on_either: RunningHub, subprotocol: str
) -> None:
    who = await someone(on_either)
    subscription = BrowserKeys().subscription("https://push.example.org/one")
    before = await subscribed(who)
    async with who.phone.connected(subprotocol) as device:
        await device.send(
            {"type": "subscribe_push", "subscription": {**subscription, "expirationTime": None}}
        )
        taken = await device.next()
        between = await subscribed(who)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "unsubscribe_push"})
        given_up = await device.next()

    assert (before, between, await subscribed(who)) == (False, True, False)
    assert taken == {"type": "push", "subscribed": True}
    assert given_up == {"type": "push", "subscribed": False}


async def test_where_to_push_is_kept_sealed(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        subscription = BrowserKeys().subscription("https://push.example.org/secret")
        await device.send({"type": "subscribe_push", "subscription": subscription})
        await device.next()

    async with on_either.services.store.read() as tx:
        kept = (await tx.devices.get(DeviceId(who.phone.id))).subscription

    assert kept
    assert "push.example.org" not in kept


@pytest.mark.parametrize(
    "endpoint",
    ["http://push.example.org/x", "https://127.0.0.1/x", "https://localhost/x", "ftp://x.test", "x", ""],
)
async def test_a_subscription_that_cannot_be_used_changes_nothing(hub: RunningHub, endpoint: str) -> None:
    who = await someone(hub)
    keys = BrowserKeys()
    async with who.phone.connected() as device:
        good = keys.subscription("https://push.example.org/x")
        await device.send({"type": "subscribe_push", "subscription": good})
        await device.next()

        await device.send({"type": "subscribe_push", "subscription": keys.subscription(endpoint)})
        bad_address = await device.next()
        bad_keys = {**good, "keys": {"p256dh": good["keys"]["auth"], "auth": good["keys"]["auth"]}}
        await device.send({"type": "subscribe_push", "subscription": bad_keys})
        refused = await device.next()

        assert bad_address["code"] == refused["code"] == "bad_subscription"
    assert await subscribed(who)


async def test_a_phone_is_told_what_to_subscribe_with(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.connected() as device:
        assert device.ready["vapid_public_key"] == hub.services.pusher.public_key
        assert len(device.ready["vapid_public_key"]) == 87


# Another name, and leaving ------------------------------------------------------------------------------


@BOTH
async def test_a_phone_takes_another_name(hub: RunningHub, subprotocol: str) -> None:
    who = await someone(hub)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "rename", "name": "  Adas Telefon \U0001f4f1 "})

        renamed = await device.next()

        named = {"id": who.phone.id, "name": "Adas Telefon \U0001f4f1"}
        assert renamed == {"type": "renamed", "device": named}
        async with who.phone.connected() as again:
            assert again.ready["device"] == named


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "two\nlines", "\u202eturned"])
async def test_a_name_that_cannot_be_read_is_refused_in_words(hub: RunningHub, name: str) -> None:
    who = await someone(hub)
    async with who.phone.connected() as device:
        for _ in range(4):
            await device.send({"type": "rename", "name": name})
            refused = await device.next()

            assert (refused["code"], refused["detail"]) == (
                "malformed",
                "1 to 128 characters that can be read.",
            )


@BOTH
async def test_a_phone_that_leaves_is_gone(on_either: RunningHub, subprotocol: str) -> None:
    who = await someone(on_either)
    async with who.phone.connected(subprotocol) as device:
        await device.send({"type": "leave"})

        assert await device.next() == {"type": "left"}
        assert await device.closed() == 4403
    async with who.phone.socket(subprotocol) as again:
        hello = await again.next()
        proof = who.phone.proof(hello["nonce"])
        await again.send({"type": "authenticate", "device_id": who.phone.id, "proof": proof})
        assert await again.closed() == 4403


async def test_what_a_phone_does_to_itself_is_recorded_as_its_doing(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.phone.connected() as device:
        await try_it(device)
        await device.send({"type": "rename", "name": "Old phone"})
        await device.until("renamed")
        await device.send({"type": "leave"})
        await device.closed()

    page = await hub.services.administer.audit_page(who.tenant.id, AuditFilter(), 3, None)
    told = [(record.type.value, record.actor.kind.value, record.actor.id) for record, _ in page]
    asked = page[2][0]

    kinds = ["device.removed", "device.renamed", "challenge.asked"]
    assert told == [(kind, "device", who.phone.id) for kind in kinds]
    assert asked.data.items() >= {"kind": "test", "device": who.phone.id}.items()
