"""How the phone answers when nobody sits in front of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mobile_sim import events
from mobile_sim.client import Line, Reason
from mobile_sim.device import Answer, Request
from mobile_sim.digits import DIGITS, Numbers


class Policy(StrEnum):
    """What becomes of a request."""

    ASK = "ask"
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the command line asked for; the PIN lives in memory alone."""

    policy: Policy
    numbers: Numbers
    delay_s: float = 0.0
    pin: str | None = field(default=None, repr=False)
    reason: Reason | None = None
    once: bool = False


class Unattended:
    """Shows, acknowledges and answers every request by itself, on all lines at once."""

    def __init__(self, behaviour: Behaviour, tell: Callable[[events.Event], None]) -> None:
        self._behaviour = behaviour
        self._tell = tell
        self._events: asyncio.Queue[events.Event] = asyncio.Queue()
        self._answering: dict[tuple[str, str], asyncio.Task[None]] = {}

    def emit(self, event: events.Event) -> None:
        """Take an event of a line: it is told at once and handled in order."""
        self._tell(event)
        self._events.put_nowait(event)

    async def run(self, lines: list[Line]) -> int:
        """Run until every line has stopped, or the first request with ``once``; return the exit code."""
        by_device = {line.account.device_id: line for line in lines}
        running = set(by_device)
        code = 0
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.run()) for line in lines]
            while running:
                # Bounded by the lines, which never fall silent for good: they reconnect, stop, or sleep.
                event = await self._events.get()
                device = event.account.device_id
                if isinstance(event, events.Stopped):
                    running.discard(device)
                    code = 3 if event.why == "connected_elsewhere" else 1
                ended = await self._handle(event, by_device[device], group)
                if ended is not None and self._behaviour.once:
                    code = ended
                    break
            for task in [*tasks, *self._answering.values()]:
                task.cancel()
        return code

    async def _handle(self, event: events.Event, line: Line, group: asyncio.TaskGroup) -> int | None:
        """Do what *event* calls for; return an exit code where a request has come to its end."""
        device = event.account.device_id
        match event:
            case events.Asked(request=request, again=again):
                if not again:
                    await line.ack(request.id)
                if self._behaviour.policy is not Policy.ASK:
                    self._answering[device, request.id] = group.create_task(self._answer(line, request))
            case events.Decided(id=id_, status=status):
                self._leave(device, id_)
                if status == "denied" and self._behaviour.policy is Policy.DENY and self._behaviour.reason:
                    await line.report(id_, self._behaviour.reason)
                    return None
                return 0 if status == _WANTED.get(self._behaviour.policy, status) else 1
            case events.Resolved(id=id_) | events.PutAway(id=id_):
                self._leave(device, id_)
                return 0 if self._behaviour.policy is Policy.ASK else 1
            case events.Reported():
                return 0
            case events.Failed(id=id_, code=code) if id_ is not None:
                # Not sent for want of a connection: it is asked for again once there is one.
                return None if code == "offline" else 1
            case _:
                pass
        return None

    async def _answer(self, line: Line, request: Request) -> None:
        answer: Answer = "approve" if self._behaviour.policy is Policy.APPROVE else "deny"
        await asyncio.sleep(self._behaviour.delay_s)
        if answer == "deny":
            await line.decide(request.id, answer)
            return
        if not self._behaviour.pin:
            self._fail(line, request, "no_pin")
            return
        number = await self._number(line, request) if request.needs_number else None
        if request.needs_number and number is None:
            self._fail(line, request, "no_number")
            return
        await line.decide(request.id, answer, pin=self._behaviour.pin, match=number)

    async def _number(self, line: Line, request: Request) -> str | None:
        # It ends with the request at the latest: then the card is put away and this task cancelled.
        while (number := await self._behaviour.numbers.next()) is not None:
            digits = number.replace(" ", "")
            if DIGITS.fullmatch(digits):
                return digits
            if digits:
                self._tell(events.Failed(line.account, "bad_number", "A number has six digits.", request.id))
        return None

    def _fail(self, line: Line, request: Request, code: str) -> None:
        self.emit(events.Failed(line.account, code, "The request was not answered.", request.id))

    def _leave(self, device: str, id_: str) -> None:
        task = self._answering.pop((device, id_), None)
        if task is not None:
            task.cancel()


_WANTED: Final = {Policy.APPROVE: "approved", Policy.DENY: "denied"}
