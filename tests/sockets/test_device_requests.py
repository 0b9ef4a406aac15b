"""What a phone asks of the hub about itself: a test request, web pushes, another name, leaving."""

import jwt
import pytest

from tests.running import JSON, MSGPACK, RunningHub
from tests.sockets.world import someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOTH = pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])


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
        claims = jwt.decode(replies["challenge"]["request"], options={"verify_signature": False})
        assert (claims["kind"], claims["match"], claims["app"]) == ("test", "none", "Test request")
        assert claims["ctx"]["ip"] == "127.0.0.1"
        assert claims["exp"] - claims["iat"] == 120


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_a_test_request_is_answered_as_any_other(on_either: RunningHub, answer: str) -> None:
    who = await someone(on_either)
    async with who.phone.connected() as device:
        await device.send({"type": "test"})
        card = await device.until("challenge")

        decided = await device.decide(card["request"], answer)

        outcome = {"approve": "approved", "deny": "denied"}[answer]
        assert decided == {"type": "decided", "id": card["id"], "status": outcome}
        assert await who.audited() == [*(await who.audited())[:-2], "challenge.asked", f"challenge.{outcome}"]
