"""A phone from its start to its exit code: on the screen, or by itself."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Final

from mobile_sim import events, words
from mobile_sim.behaviour import Behaviour, Unattended
from mobile_sim.cards import Emit
from mobile_sim.client import Line
from mobile_sim.state import StateUnusable

INTERRUPTED: Final = 130
OUTPUT_GONE: Final = 141

Lines = Callable[[Emit], list[Line]]


def say(text: str) -> None:
    """Tell a person; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


async def attended(lines: Lines, behaviour: Behaviour, note: str | None = None) -> int:
    """Run the screen until the person leaves; *note* stands on it while nothing waits."""
    # Here, so that a phone without a screen starts in half the time.
    from mobile_sim.screen import PhoneScreen

    screen = PhoneScreen(lines, pin=behaviour.pin, reason=behaviour.reason, once=behaviour.once, note=note)
    await screen.run_async()
    return screen.return_code or 0


async def unattended(lines: Lines, behaviour: Behaviour, as_json: bool) -> int:
    """Run without a person until the lines have stopped."""

    def tell(event: events.Event) -> None:
        if as_json:
            print(events.to_line(event), flush=True)
        elif (text := words.told(event)) is not None:
            say(text)

    phone = Unattended(behaviour, tell)
    return await phone.run(lines(phone.emit))


def finish(
    ending: Coroutine[None, None, int], beside: AbstractAsyncContextManager[None] | None = None
) -> int:
    """Run *ending*, with *beside* open, and return the exit code; an interruption closes the sockets first.

    Raises:
        StateUnusable: the phone's memory failed while it ran.
    """

    async def run() -> int:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with beside or contextlib.nullcontext():
            return await ending

    code = OUTPUT_GONE
    try:
        code = _run(run())
    except* BrokenPipeError:
        pass
    except* StateUnusable as group:
        raise StateUnusable(str(group.exceptions[0])) from None
    return code


def _run(main: Coroutine[None, None, int]) -> int:
    try:
        return asyncio.run(main)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED
