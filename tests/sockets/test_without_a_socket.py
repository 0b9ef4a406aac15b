"""A phone that calls decides as one with a socket does, and against one: one nonce, one outcome."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.running import RunningHub
from tests.sockets.world import Someone, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/device/exchange"
CALLS = 8


async def test_one_nonce_lets_one_call_in(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.exchanging() as calls:
        await calls.say()
        body = {"device_id": who.phone.id, "proof": who.phone.proof(calls.nonce)}

        answers = await asyncio.gather(*(calls.http.post(PATH, json=body) for _ in range(CALLS)))

        let_in = Counter(each.status_code for each in answers)
        assert let_in == {200: 1, 401: CALLS - 1}
        assert {each.json()["code"] for each in answers if each.status_code == 401} == {"use_nonce"}


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_a_sign_in_is_decided_by_a_call(on_either: RunningHub, answer: str) -> None:
    who = await someone(on_either)
    async with who.phone.exchanging() as calls, who.browser() as browser:
        begun = await browser.start(who.user.email)
        await calls.say()
        (card,) = calls.ready["pending"]

        decided = await calls.decide(card["request"], answer, begun["challenge"]["match"]["digits"])

        status = {"approve": "approved", "deny": "denied"}[answer]
        assert decided == {"type": "decided", "id": card["id"], "status": status}
        assert calls.ready["pending"] == []
        completed = await browser.again("complete")
        assert completed.status_code == (200 if answer == "approve" else 409)


async def test_pins_are_counted_alike_by_call_and_by_socket(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.exchanging() as calls, asked(who) as question:
        told = [
            await calls.decide(question.request, match=question.digits, pin="0000"),
            await question.answer(pin="0000"),
            await calls.decide(question.request, match=question.digits, pin="0000"),
            await question.answer(pin="0000"),
            await calls.decide(question.request, match=question.digits, pin="0000"),
            await calls.decide(question.request, match=question.digits),
        ]

        assert [each["code"] for each in told] == ["wrong_pin"] * 5 + ["device_locked"]
        assert [each.get("tries_left") for each in told] == [4, 3, 2, 1, 0, None]


async def test_answers_by_call_and_by_socket_have_one_outcome(on_either: RunningHub) -> None:
    who = await someone(on_either)
    others = [await who.another_phone() for _ in range(CALLS)]
    async with AsyncExitStack() as stack:
        question = await stack.enter_async_context(asked(who))
        callers = [await stack.enter_async_context(phone.exchanging()) for phone in others]
        await asyncio.gather(*(caller.say() for caller in callers))

        told = await asyncio.gather(
            question.answer(),
            *(
                caller.decide(question.request, ("deny", "approve")[at % 2], question.digits)
                for at, caller in enumerate(callers)
            ),
        )

        assert {each["type"] for each in told} == {"decided"}
        assert len({each["status"] for each in told}) == 1
        assert await question.status() == told[0]["status"]
        assert await endings(who) == [f"challenge.{told[0]['status']}"]


async def test_a_decision_sent_again_counts_once(on_either: RunningHub) -> None:
    who = await someone(on_either)
    async with who.phone.exchanging() as calls, asked(who) as question:
        message = {"type": "decide", "decision": question.decision(), "pin": who.phone.pin}

        told: list[Any] = [await calls.say(message), await calls.say(message, message)]

        decided = {"type": "decided", "id": question.id, "status": "approved"}
        assert told == [[decided], [decided, decided]]
        assert await endings(who) == ["challenge.approved"]


async def test_an_app_that_is_open_hears_what_its_service_worker_said(on_either: RunningHub) -> None:
    async with asked(await someone(on_either)) as question, question.who.phone.exchanging() as worker:
        decided = await worker.decide(question.request, "deny")

        heard = await question.device.next()

        assert decided["status"] == "denied"
        assert heard == {"type": "resolved", "id": question.id, "status": "denied"}


async def endings(who: Someone) -> list[str]:
    """Return what was recorded of how challenges ended."""
    over = {"challenge.approved", "challenge.denied", "challenge.expired", "challenge.cancelled"}
    return [each for each in await who.audited() if each in over]
