"""What is measured, as the measurements see it: one login, a step at a time."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.bench.processes import Process
from tests.bench.wire import Http, Socket


@dataclass(slots=True)
class Login:
    """One login of one phone.

    Attributes:
        asked_s: seconds from the start of ``POST /login`` to the challenge on the phone's socket.
        card: what the phone was shown, decoded and checked against what the browser was told.
        answer: what the browser was told.
        cookies: the browser's.
        page: the browser's socket.
        taps: the frames that the phone sends when the person taps.
    """

    phone: int
    asked_s: float
    card: Any
    answer: Any
    cookies: str = ""
    page: Socket | None = None
    taps: list[bytes] = field(default_factory=list)


class Subject(Protocol):
    """A server under measurement, its phones connected. Every step raises Unexpected where it goes wrong."""

    name: str
    process: Process

    @property
    def phones(self) -> int:
        """How many there are."""

    async def browser(self) -> Http:
        """Open a browser's HTTP connection."""

    async def ask(self, phone: int, browser: Http) -> Login:
        """Begin a login, and wait until the phone has the challenge."""

    async def watch(self, login: Login) -> None:
        """Open the browser's socket."""

    async def show(self, login: Login) -> None:
        """Let the phone say that the person sees the challenge, and wait until the browser knows."""

    def sign(self, login: Login, *, shown: bool) -> None:
        """Make what the phone will send; where it was not *shown* before, that it is shown goes first."""

    async def tap(self, login: Login) -> float:
        """Approve; return the seconds from there to the browser's ``resolved``. Ends the browser's socket."""

    async def complete(self, login: Login, browser: Http) -> None:
        """Turn the approval into a session."""
