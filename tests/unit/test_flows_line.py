"""A bounded line of what is to be done."""

import asyncio

import pytest

from hub.flows.line import Line, Share, Turn


@pytest.fixture
def line() -> Line[str]:
    return Line(waiting=10, at_once=2)


async def nothing(line: Line[str]) -> bool:
    """Whether it is nobody's turn now."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.next(), 0.05)
    return True


async def test_who_comes_first_is_first(line: Line[str]) -> None:
    line.put("one")
    line.put("two")

    assert [(await line.next()).what, (await line.next()).what] == ["one", "two"]


async def test_nobodys_turn_comes_before_its_time(line: Line[str]) -> None:
    line.put("later", after_s=0.06)
    line.put("now")

    assert (await line.next()).what == "now"
    assert (await asyncio.wait_for(line.next(), 5)).what == "later"


async def test_a_full_line_takes_no_more(line: Line[str]) -> None:
    taken = [line.put(str(number), after_s=60.0 * (number % 2)) for number in range(11)]

    assert taken == [True] * 10 + [False]
    assert len(line) == 10


async def test_no_more_are_done_at_once_than_may_be(line: Line[str]) -> None:
    for name in ("one", "two", "three"):
        line.put(name)
    first, _ = await line.next(), await line.next()
    assert await nothing(line)

    line.done(first)

    assert (await line.next()).what == "three"


async def test_nobody_takes_more_than_their_share_and_others_go_past(line: Line[str]) -> None:
    share = (Share("ada", 1),)
    line.put("ada's first", shares=share)
    line.put("ada's second", shares=share)
    line.put("grace's", shares=(Share("grace", 1),))

    turns = [await line.next(), await line.next()]
    assert [turn.what for turn in turns] == ["ada's first", "grace's"]
    line.done(turns[1])
    assert await nothing(line)
    line.done(turns[0])

    assert (await line.next()).what == "ada's second"


async def test_what_is_put_wakes_who_waits(line: Line[str]) -> None:
    async def first() -> Turn[str]:
        return await line.next()

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(first())
        await asyncio.sleep(0)
        line.put("here")

    assert waiting.result().what == "here"
