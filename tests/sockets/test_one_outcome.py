"""Many answers to one question at the same moment: one outcome, and everybody is told the same."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.running import DeviceSocket, RunningHub
from tests.sockets.world import Question, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONES, ANSWERS_EACH = 5, 10


@pytest.mark.parametrize("first", [0, 1, 2], ids=["approve", "deny", "wrong number"])
async def test_fifty_conflicting_answers_have_one_outcome(on_either: RunningHub, first: int) -> None:
    who = await someone(on_either)
    others = [await who.another_phone() for _ in range(PHONES - 1)]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(phone.connected()) for phone in others]
        question = await stack.enter_async_context(asked(who))
        page = await stack.enter_async_context(question.browser.watching())
        sockets.append(question.device)
        answers = [
            [_answer(question, socket, first + at + each) for each in range(ANSWERS_EACH)]
            for at, socket in enumerate(sockets)
        ]

        await asyncio.gather(
            *(socket.send(each) for row, socket in zip(answers, sockets, strict=True) for each in row)
        )
        told = await asyncio.gather(*(_decided(socket) for socket in sockets))
        resolved = await page.until("resolved")

        verdicts = Counter((each["status"], each.get("reason")) for row in told for each in row)
        assert len(verdicts) == 1
        assert verdicts.total() == PHONES * ANSWERS_EACH
        ((status, reason),) = verdicts
        assert (status, reason) in {("approved", None), ("denied", None), ("denied", "wrong_match")}
        assert resolved["status"] == status
        assert await question.status() == status
        endings = [each for each in await who.audited() if each in ENDINGS]
        assert endings == [f"challenge.{status}"]


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_the_other_phones_put_the_card_away(on_either: RunningHub, answer: str) -> None:
    who = await someone(on_either)
    other = await who.another_phone()
    async with other.connected() as second, asked(who) as question:
        card = await second.until("challenge")

        decided = await question.device.decide(question.request, answer, question.digits)
        resolved = await second.next()

        assert card["id"] == question.id
        assert resolved == {"type": "resolved", "id": question.id, "status": decided["status"]}


async def test_who_comes_too_late_is_told_what_it_was(on_either: RunningHub) -> None:
    who = await someone(on_either)
    other = await who.another_phone()
    async with other.connected() as second, asked(who) as question:
        await question.device.decide(question.request, "deny")

        late = await second.decide(question.request, match=question.digits)

        assert late == {"type": "decided", "id": question.id, "status": "denied"}


ENDINGS = {
    "challenge.approved",
    "challenge.denied",
    "challenge.expired",
    "challenge.cancelled",
}


def _answer(question: Question, socket: DeviceSocket, turn: int) -> dict[str, Any]:
    kind = ("approve", "deny", "wrong number")[turn % 3]
    match = question.wrong_digits if kind == "wrong number" else question.digits
    answer = "deny" if kind == "deny" else "approve"
    decision = socket.phone.decision(question.request, answer, match)
    return {"type": "decide", "decision": decision, "pin": socket.phone.pin}


async def _decided(socket: DeviceSocket) -> list[dict[str, Any]]:
    return [await socket.until("decided") for _ in range(ANSWERS_EACH)]
