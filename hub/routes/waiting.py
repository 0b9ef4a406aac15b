"""Long polls: how long a client lets itself be kept waiting, and what ends the wait early."""

import asyncio

from starlette.requests import Request

from hub.domain.errors import FieldError, Invalid

LONGEST_WAIT_S = 25


def asked_wait_s(request: Request) -> int:
    """Return the query's ``wait``, at most 25 seconds; raises Invalid."""
    text = request.query_params.get("wait", "0")
    if not text.isascii() or not text.isdigit():
        raise Invalid(errors=[FieldError("wait", f"Seconds, a whole number up to {LONGEST_WAIT_S}.")])
    return min(int(text[:9]), LONGEST_WAIT_S)


async def rung(bell: asyncio.Event, within_s: float) -> None:
    """Wait until somebody rings, *within_s* seconds at most; the bell is quiet again afterwards."""
    try:
        async with asyncio.timeout(within_s):
            await bell.wait()
    except TimeoutError:
        return
    bell.clear()
