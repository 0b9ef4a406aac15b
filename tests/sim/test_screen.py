"""What a person sees and does at the terminal, against a real socket."""

import contextlib
from collections.abc import AsyncIterator

from textual.pilot import Pilot
from textual.widgets import Static

from hub.protocol import Ack, Authenticate, Close, Decide, Decided, ErrorCode, ErrorMessage, Report
from mobile_sim.client import Line
from mobile_sim.fields import NumberField
from mobile_sim.screen import PhoneScreen
from mobile_sim.state import StateFile
from tests.sim.other_side import FakeHub
from tests.sim.waiting import until


class Terminal:
    """The running screen, with one account."""

    def __init__(self, screen: PhoneScreen, pilot: Pilot[None]) -> None:
        self.screen = screen
        self.pilot = pilot
        (self.line,) = screen._lines.values()
        self.account = self.line.account

    def shows(self, name: str) -> str:
        widget = self.screen.query_one(f"#{name}", Static)
        return str(widget.render()) if widget.display else ""

    def field(self, name: str) -> NumberField:
        return self.screen.query_one(f"#{name}", NumberField)

    def focused(self) -> str | None:
        return self.screen.focused.id if self.screen.focused else None


@contextlib.asynccontextmanager
async def terminal(
    hub: FakeHub, memory: StateFile, size: tuple[int, int] = (80, 24), pin: str | None = None
) -> AsyncIterator[Terminal]:
    account = hub.account()
    memory.put(account)
    screen = PhoneScreen(lambda emit: [Line(account, memory, emit)], pin=pin)
    async with screen.run_test(size=size) as pilot:
        await hub.arrival()
        await hub.hears(Authenticate)
        yield Terminal(screen, pilot)


async def test_an_empty_screen_says_that_nothing_waits(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await until(lambda: "Connected" in phone.shows("lines"))

        assert "Nothing waiting" in phone.shows("idle")


async def test_a_request_is_acknowledged_once_it_is_on_the_screen(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account, match="required", msg="Move 40 EUR")
        await hub.hears(Ack)

        assert "Acme Wiki" in phone.shows("ask")
        for fact in ("Vienna, Austria", "Firefox on Windows", "203.0.113.24", "Move 40 EUR"):
            assert fact in phone.shows("facts")
        assert "s left" in phone.shows("time")
        assert "Six digits" in phone.shows("problem")


async def test_number_pin_and_enter_approve(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account, match="required")
        await hub.hears(Ack)
        await until(lambda: phone.focused() == "number")
        await phone.pilot.press(*"482917")
        await until(lambda: phone.focused() == "pin")
        await phone.pilot.press(*"2580", "enter")
        decide = await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="approved"))
        await until(lambda: "Approved" in phone.shows("past"))

    assert decide.pin == "2580"


async def test_a_request_without_a_number_takes_the_pin_alone(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account)
        await hub.hears(Ack)
        await until(lambda: phone.focused() == "pin")

        assert not phone.screen.query_one("#number-field").display
        await phone.pilot.press(*"2580", "enter")
        await hub.hears(Decide)


async def test_nothing_is_sent_before_the_number_is_whole(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory, pin="2580") as phone:
        await hub.ask(phone.account, match="required")
        await hub.hears(Ack)
        await until(lambda: phone.focused() == "number")
        await phone.pilot.press(*"48291", "enter")

        assert "six digits" in phone.shows("problem")
        assert hub.said.empty()


async def test_one_key_denies_even_from_within_a_field(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account, match="required")
        await hub.hears(Ack)
        await until(lambda: phone.focused() == "number")
        await phone.pilot.press("4", "d")

        assert (await hub.hears(Decide)).pin is None
        assert phone.field("number").value == "4"


async def test_deny_stands_on_the_left_and_is_as_large_as_approve(hub: FakeHub, memory: StateFile) -> None:
    for size in ((80, 24), (120, 40)):
        async with terminal(hub, memory, size) as phone:
            await hub.ask(phone.account, match="required", msg="m" * 256)
            await hub.hears(Ack)
            await phone.pilot.pause()
            deny, approve = (phone.screen.query_one(f"#{name}").region for name in ("deny", "approve"))

            assert deny.right < approve.x
            assert deny.size == approve.size
            assert deny.bottom < size[1]


async def test_a_click_denies_as_well(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account)
        await hub.hears(Ack)
        await phone.pilot.pause()
        await phone.pilot.click("#deny")

        await hub.hears(Decide)


async def test_after_a_denial_the_reason_can_be_given(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account)
        await hub.hears(Ack)
        await phone.pilot.press("d")
        await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="denied"))
        await until(lambda: "You can leave this out" in phone.shows("why"))
        await phone.pilot.press("f")

        assert (await hub.hears(Report)).reason == "fraud"
        await until(lambda: "reported" in phone.shows("past"))


async def test_after_a_denial_the_reason_can_be_left_out(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account)
        await hub.hears(Ack)
        await phone.pilot.press("d")
        await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="denied"))
        await until(lambda: phone.shows("why") != "")
        await phone.pilot.press("escape")

        await until(lambda: phone.shows("why") == "")
        assert hub.said.empty()


async def test_a_wrong_pin_leaves_the_card_open_for_another_try(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account, match="required")
        await hub.hears(Ack)
        await until(lambda: phone.focused() == "number")
        await phone.pilot.press(*"482917")
        await until(lambda: phone.focused() == "pin")
        await phone.pilot.press(*"0000", "enter")
        await hub.hears(Decide)
        await hub.say(ErrorMessage(code=ErrorCode.WRONG_PIN, detail="Wrong PIN.", id="chl_1"))
        await until(lambda: "Wrong PIN" in phone.shows("problem"))

        assert (phone.field("number").value, phone.field("pin").value) == ("482917", "")
        await phone.pilot.press(*"2580", "enter")
        assert (await hub.hears(Decide)).pin == "2580"


async def test_a_second_request_waits_its_turn_and_can_be_looked_at(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account)
        await hub.hears(Ack)
        await hub.ask(phone.account, jti="chl_2", app="Acme Payroll")
        await hub.hears(Ack)

        assert "1 more waiting" in phone.shows("ask")
        await phone.pilot.press("n")
        assert "Acme Payroll" in phone.shows("ask")


async def test_what_a_requester_wrote_cannot_steer_the_terminal(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.ask(phone.account, app="Evil\x1b[2J", msg="a\u202eb [red]c[/red]")
        await hub.hears(Ack)

        assert "\x1b" not in phone.shows("ask")
        assert "a b [red]c[/red]" in phone.shows("facts")


async def test_used_in_another_window_it_waits_for_a_key(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        hub.pending = [await hub.ask(phone.account)]
        await hub.hears(Ack)
        await hub.close(Close.CONNECTED_ELSEWHERE)
        await until(lambda: "elsewhere" in phone.shows("lines"))
        await phone.pilot.press("x")
        await hub.hears(Authenticate)

        assert (await hub.hears(Ack)).id == "chl_1"


async def test_a_removed_phone_says_so_and_forgets(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as phone:
        await hub.close(Close.DEVICE_REMOVED)
        await until(lambda: "forgotten" in phone.shows("lines"))
        await until(lambda: "No account" in phone.shows("idle"))

    assert memory.accounts() == []
