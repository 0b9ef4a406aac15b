"""The phone's call without a socket: what it says, and what waits for it."""

import asyncio
import re
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.ids import ChallengeId, DeviceId
from hub.flows.base import device_topic
from hub.flows.devices import Sight
from hub.phones import Phone
from hub.protocol import (
    Authenticate,
    ErrorCode,
    ErrorMessage,
    Left,
    MalformedFrame,
    UnknownMessage,
    Wire,
    read_device_message,
    wire_time,
)
from hub.routes.http import Body, demand_own_origin, peer_ip, per_ip, read_body, services
from hub.routes.waiting import LONGEST_WAIT_S, asked_wait_s, rung

NO_STORE = {"Cache-Control": "no-store"}
MESSAGES_AT_ONCE = 20
CURSOR_MAX = 20

_CURSOR = re.compile(rf"1(?:\.chl_[0-9a-z]{{26}}){{0,{CURSOR_MAX}}}")


class Said(Body):
    """The body of ``exchange``; each message is read for itself."""

    device_id: str = Field(max_length=64)
    proof: str = Field(max_length=8192)
    messages: list[Any] = Field(default=[], max_length=MESSAGES_AT_ONCE)


async def exchange(request: Request) -> Response:
    """``POST /api/v1/device/exchange``."""
    demand_own_origin(request)
    wait_s = asked_wait_s(request)
    body = await read_body(request, Said)
    hub = services(request)
    called = await hub.exchange.admit(DeviceId(body.device_id), body.proof)
    known = _read_cursor(request.query_params.get("since"))
    agent = request.headers.get("user-agent", "")
    phone = Phone(hub, called.admitted, called.nonce, peer_ip(request), agent, shown=set(known or ()))
    messages: list[Wire]
    if body.messages:
        with hub.draining.spares():
            replies = await _hear(phone, body.messages)
        # One that has left sees nothing any more.
        has_left = any(isinstance(reply, Left) for reply in replies)
        sight = Sight(phone.device, [], [], superseded=False) if has_left else await phone.sight()
        messages = [phone.ready(sight), *replies, *phone.over(sight)]
    else:
        sight = await _seen(request, phone, known, wait_s)
        messages = [phone.ready(sight), *phone.over(sight)]
    return JSONResponse(
        {
            "nonce": hub.exchange.next_nonce(called),
            "server_time": wire_time(hub.clock.now()),
            "cursor": _cursor(sight),
            "messages": [message.to_wire() for message in messages],
        },
        headers=NO_STORE,
    )


async def _hear(phone: Phone, messages: list[Any]) -> list[Wire]:
    """Return the replies to *messages*, in order; after a ``leave`` nobody is there to be heard."""
    replies: list[Wire] = []
    for each in messages:
        replies += await _answered(phone, each)
        if replies and isinstance(replies[-1], Left):
            break
    return replies


async def _answered(phone: Phone, said: Any) -> list[Wire]:
    try:
        if not isinstance(said, dict):
            raise MalformedFrame("not a map")
        message = read_device_message(said)
        return [] if isinstance(message, Authenticate) else await phone.answer(message)
    except UnknownMessage as error:
        return [ErrorMessage(code=ErrorCode.UNKNOWN_TYPE, detail=str(error))]
    except MalformedFrame as error:
        return [ErrorMessage(code=ErrorCode.MALFORMED, detail=str(error))]


async def _seen(request: Request, phone: Phone, known: list[ChallengeId] | None, wait_s: int) -> Sight:
    """Look; where nothing is new to the phone, wait until something is, *wait_s* seconds at most."""
    sight = await phone.sight()
    if not wait_s or known is None or _told(sight) != known:
        return sight
    hub = services(request)
    bell = asyncio.Event()
    until = asyncio.get_running_loop().time() + wait_s
    with hub.long_polls.take(per_ip(request)), hub.draining.tells(bell.set):
        async with hub.bus.listen(device_topic(phone.device.id), ring=bell.set):
            while True:
                # Listening already: nothing that comes falls between this look and the wait.
                sight = await phone.sight()
                left = until - asyncio.get_running_loop().time()
                if _told(sight) != known or left <= 0 or hub.draining.begun:
                    return sight
                await rung(bell, min(left, phone.look_within_s(LONGEST_WAIT_S)))


def _told(sight: Sight) -> list[ChallengeId]:
    """Return what the phone knows by this answer, as it says it with the next call."""
    return [challenge.id for challenge in sight.pending[:CURSOR_MAX]]


def _cursor(sight: Sight) -> str:
    return ".".join(["1", *_told(sight)])


def _read_cursor(since: str | None) -> list[ChallengeId] | None:
    """Return the requests that the phone was told of; None where it says nothing that can be read."""
    if since is None or not _CURSOR.fullmatch(since):
        return None
    return [ChallengeId(each) for each in since.split(".")[1:]]


ROUTES = [Route("/api/v1/device/exchange", exchange, methods=["POST"])]
