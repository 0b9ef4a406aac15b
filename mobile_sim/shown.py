"""What lies on the phone's table: cards, the last denial, the session's history, the connections."""

import asyncio
import time
from dataclasses import dataclass, field

from mobile_sim import events, words
from mobile_sim.client import Reason
from mobile_sim.device import Account, Request


class Connection:
    """How one account's line stands; *tone* is what happened: ``ok``, ``wait`` or ``no``."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.glyph, self.tone, self.word = "◌", "wait", "Connecting"
        self.over = self.asleep = False
        self._woken = ""
        self._person = asyncio.Event()

    def take(self, event: events.Event) -> None:
        """Take an event of this line."""
        match event:
            case events.Ready() | events.Asked():
                self.asleep = False
                self._say("●", "ok", f"Connected. {self._woken}" if self._woken else "Connected")
            case events.Asleep():
                self.asleep, self._woken = True, ""
                self._say("☾", "ok", "Asleep. A web push wakes it (r: by hand)")
            case events.Pushed(status=status) if status is not None and self.asleep:
                self._say("☾", "ok", f"Asleep. {words.by_push(status)}, at {words.clock(time.time())}")
            case events.Woken():
                self.asleep, self._woken = False, words.woken(event)
                self._say("◌", "wait", self._woken)
            case events.TestAsked():
                self._say("●", "ok", "Connected. A test request is on its way")
            case events.Failed(id=None, code=code, detail=detail):
                self._say(self.glyph, "no", words.problem(code, detail))
            case events.Refused(why=why):
                self._say("●", "no", f"Connected. A request was refused: {why}")
            case events.Closed(why=why):
                self._say("○", "wait", f"No connection: {why}" if why else "No connection")
            case events.Reconnecting(in_s=in_s) if in_s >= 1:
                self._say("○", "wait", f"No connection. Trying again in {in_s:.0f} s (r: now)")
            case events.Stopped(why="connected_elsewhere"):
                self._say("○", "no", "In use elsewhere. Press any key to come back")
            case events.Stopped(why=why):
                self.over = True
                self._say("✕", "no", words.STOPPED[why])
            case _:
                pass

    async def wait_for_person(self) -> None:
        """Return once the person has come back."""
        self._person.clear()
        await self._person.wait()
        self._say("◌", "wait", "Connecting")

    def came_back(self) -> None:
        """The person is here."""
        self._person.set()

    def _say(self, glyph: str, tone: str, word: str) -> None:
        self.glyph, self.tone, self.word = glyph, tone, word


@dataclass(slots=True)
class Shown:
    """One card; *sending* from the answer until the hub's word on it."""

    account: Account
    request: Request
    sending: bool = False
    problem: str = ""
    clear_pin: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Which card it is, over all accounts."""
        return self.account.device_id, self.request.id


@dataclass(slots=True)
class Past:
    """A request that has ended, and how."""

    shown: Shown
    outcome: str
    at: float = field(default_factory=time.time)
    note: str = ""


class Table:
    """Changed by events alone; drawing reads it."""

    def __init__(self) -> None:
        self.states: dict[str, Connection] = {}
        self.waiting: list[Shown] = []
        self.history: list[Past] = []
        self.denied: Shown | None = None

    @property
    def current(self) -> Shown | None:
        """The card on top."""
        return self.waiting[0] if self.waiting else None

    def place_in_line(self) -> str:
        """Return what else waits, in words."""
        others = len(self.waiting) - 1
        return "" if others < 1 else f"{others} more waiting"

    def next(self) -> None:
        """Lay the card on top under the others."""
        if self.waiting:
            self.waiting.append(self.waiting.pop(0))

    def reported(self, reason: Reason) -> None:
        """Note the answer to the question why, and put the question away."""
        for past in self.history:
            if past.shown is self.denied:
                past.note = reason
        self.denied = None

    def take(self, event: events.Event) -> bool:
        """Take an event; return whether a request has ended by it."""
        self.states[event.account.device_id].take(event)
        match event:
            case events.Asked(account=account, request=request):
                self._lay(Shown(account, request))
            case events.Decided(id=id_, status=status, reason=reason):
                return self._end(
                    event.account, id_, status, "wrong number" if reason else "", ask_why=not reason
                )
            case events.Resolved(id=id_, status=status):
                return self._end(event.account, id_, status, "elsewhere")
            case events.PutAway(id=id_, why=why):
                return self._end(event.account, id_, why)
            case events.Failed(id=id_, code=code, detail=detail):
                shown = self._find(event.account, id_)
                if shown is not None:
                    shown.sending = False
                    shown.problem = words.problem(code, detail)
                    shown.clear_pin = code == "wrong_pin"
            case events.Stopped(account=account):
                self.waiting = [one for one in self.waiting if one.account.device_id != account.device_id]
                if self.denied is not None and self.denied.account.device_id == account.device_id:
                    self.denied = None
            case _:
                pass
        return False

    def _lay(self, shown: Shown) -> None:
        known = self._find(shown.account, shown.request.id)
        if known is None:
            self.waiting.append(shown)
        else:
            known.sending = False
            known.problem = "The connection broke before the hub had your answer. Answer again."

    def _end(
        self, account: Account, id_: str, outcome: str, note: str = "", *, ask_why: bool = False
    ) -> bool:
        shown = self._find(account, id_)
        if shown is None:
            return False
        self.waiting.remove(shown)
        self.history.insert(0, Past(shown, outcome, note=note))
        # Nobody is behind a test: there is nothing to report.
        if ask_why and outcome == "denied" and shown.request.claims.kind != "test":
            self.denied = shown
        return True

    def _find(self, account: Account, id_: str | None) -> Shown | None:
        key = (account.device_id, id_)
        return next((one for one in self.waiting if one.key == key), None)
