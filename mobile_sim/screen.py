"""The phone on a terminal: what asks, who it is, Deny on the left, Approve on the right."""

from collections.abc import Callable
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Button, Input, Static

from mobile_sim import drawing, events
from mobile_sim.client import Line, Reason
from mobile_sim.device import Answer
from mobile_sim.digits import DIGITS
from mobile_sim.fields import THEME, NumberField
from mobile_sim.shown import Connection, Shown, Table
from mobile_sim.state import StateUnusable

WIDE: Final = 110
ROOMY: Final = 32
FIXED_ROWS: Final = 15


class PhoneScreen(App[None]):
    """One terminal, all accounts."""

    CSS_PATH = "screen.tcss"
    TITLE = "LumoAuth"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "deny", "Deny"),
        Binding("n", "next", "Next request"),
        Binding("m", "why('mistake')", "By mistake"),
        Binding("u", "why('unexpected')", "Unexpected"),
        Binding("f", "why('fraud')", "Fraud"),
        Binding("escape", "no_reason", "No reason"),
        Binding("r", "try_now", "Try now"),
        Binding("t", "test", "Test request"),
        Binding("q", "quit", "Leave"),
    ]

    def __init__(
        self,
        lines: Callable[[Callable[[events.Event], None]], list[Line]],
        *,
        pin: str | None = None,
        reason: Reason | None = None,
        once: bool = False,
        note: str | None = None,
    ) -> None:
        super().__init__()
        self._note = note
        self.table = Table()
        self._lines = {line.account.device_id: line for line in lines(self.receive)}
        self._pin = pin or ""
        self._reason = reason
        self._once = once
        self._on_show: tuple[str, str] | None = None
        for line in self._lines.values():
            self.table.states[line.account.device_id] = Connection(line.account)

    def compose(self) -> ComposeResult:
        """Lay the screen out once; what changes later is text and visibility."""
        yield Static(drawing.BRAND, id="brand")
        yield Static(id="lines")
        with Container(id="body"):
            with Vertical(id="main"):
                yield Static(id="idle")
                with Vertical(id="card"):
                    yield Static(id="ask")
                    with Vertical(id="facts-box"):
                        yield Static(id="facts")
                    yield Static(id="time")
                    with Horizontal(id="fields"):
                        with Vertical(id="number-field", classes="field"):
                            yield Static("Number from your browser", classes="label")
                            yield NumberField("number", 6)
                        with Vertical(id="pin-field", classes="field"):
                            yield Static("PIN", classes="label")
                            yield NumberField("pin", 8, password=True)
                    yield Static(id="problem")
                    with Horizontal(id="buttons"):
                        yield Button("✕  Deny", id="deny")
                        yield Button("✓  Approve", id="approve")
                yield Static(id="why")
            yield Static(id="past")
        yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the empty screen, then connect."""
        self.register_theme(THEME)
        self.theme = "lumo"
        self.set_interval(0.5, self._tick)
        self._draw()
        for line in self._lines.values():
            self.run_worker(self._keep(line), exit_on_error=True)

    async def _keep(self, line: Line) -> None:
        try:
            while (await line.run()).why == "connected_elsewhere":
                # The contract: only when the person comes back to this window.
                await self.table.states[line.account.device_id].wait_for_person()
        except StateUnusable as error:
            self.exit(return_code=1, message=str(error))
        self._draw()

    def receive(self, event: events.Event) -> None:
        """Take an event of a line."""
        ended = self.table.take(event)
        self._draw()
        match event:
            case events.Asked(request=request, again=False):
                # After the next drawing, not before: the hub tells the browser "shown on your phone".
                self.call_after_refresh(self._line(event).ack, request.id)
            case events.Decided(id=id_, status="denied", reason=None) if self.table.denied is not None:
                if self._reason is not None:
                    self.table.denied = None
                    self.run_worker(self._line(event).report(id_, self._reason))
                    self._draw()
            case _:
                pass
        if ended and self._once and self.table.denied is None:
            self.exit()

    def _line(self, event: events.Event) -> Line:
        return self._lines[event.account.device_id]

    # What the person does ---------------------------------------------------------------------------

    async def action_deny(self) -> None:
        """Deny at once; needs nothing."""
        await self._answer("deny")

    @on(Button.Pressed, "#deny")
    async def _deny_pressed(self) -> None:
        await self._answer("deny")

    @on(Button.Pressed, "#approve")
    async def _approve_pressed(self) -> None:
        await self._approve()

    @on(Input.Submitted)
    async def _submitted(self, submitted: Input.Submitted) -> None:
        if submitted.input.id == "number" and not self._field("pin").value:
            self._field("pin").focus()
        else:
            await self._approve()

    @on(Input.Changed, "#number")
    def _typed(self, changed: Input.Changed) -> None:
        if len(changed.value) == 6 and not self._field("pin").value:
            self._field("pin").focus()

    async def _approve(self) -> None:
        shown = self.table.current
        if shown is None or shown.sending:
            return
        number, pin = self._field("number"), self._field("pin")
        if shown.request.needs_number and not DIGITS.fullmatch(number.value):
            shown.problem = "Type the six digits that your browser shows."
            number.focus()
        elif len(pin.value) < 4:
            shown.problem = "Type your PIN to approve."
            pin.focus()
        else:
            await self._answer("approve")
            return
        self._draw()

    async def _answer(self, answer: Answer) -> None:
        shown = self.table.current
        if shown is None or shown.sending:
            return
        shown.sending, shown.problem = True, ""
        number, pin = self._field("number").value, self._field("pin").value
        self._draw()
        line = self._lines[shown.account.device_id]
        await line.decide(shown.request.id, answer, pin=pin, match=number or None)

    async def action_why(self, reason: Reason) -> None:
        """Report why it was denied."""
        denied = self.table.denied
        if denied is None:
            return
        self.table.reported(reason)
        self._draw()
        await self._lines[denied.account.device_id].report(denied.request.id, reason)
        self._leave_if_once()

    def action_no_reason(self) -> None:
        """Leave the question why unanswered."""
        if self.table.denied is not None:
            self.table.denied = None
            self._draw()
            self._leave_if_once()

    def action_next(self) -> None:
        """Show the next waiting request."""
        self.table.next()
        self._draw()

    async def action_test(self) -> None:
        """Ask every account's hub for a request that signs nobody in."""
        for line in self._lines.values():
            await line.ask_test()

    def action_try_now(self) -> None:
        """Do not wait for the next attempt, and sleep no longer."""
        for line in self._lines.values():
            line.try_now()

    def on_key(self) -> None:
        """Any key says that the person is back at this window."""
        for state in self.table.states.values():
            state.came_back()

    def _leave_if_once(self) -> None:
        if self._once:
            self.exit()

    # What the person sees ---------------------------------------------------------------------------

    def _field(self, name: str) -> NumberField:
        return self.query_one(f"#{name}", NumberField)

    def _tick(self) -> None:
        if not self._is_laid_out():
            return
        shown = self.table.current
        now = self._now(shown)
        if shown is not None:
            self._text("facts", drawing.facts(shown, now))
            self._text("time", drawing.time_left(shown, now, self._card_width()))
        self._text("lines", drawing.lines(list(self.table.states.values()), self._rows()))

    def _now(self, shown: Shown | None) -> float:
        return self._lines[shown.account.device_id].hub_now() if shown else 0.0

    def _rows(self) -> int:
        """Return how many accounts are listed: a card on a small screen comes first."""
        return 1 if self.table.current is not None and self.size.height < ROOMY else 4

    def _fit(self) -> None:
        """Let a long message scroll rather than push Deny and Approve off the screen."""
        taken = FIXED_ROWS + self._rows() + (3 if self.table.denied is not None else 0)
        self.query_one("#facts-box").styles.max_height = max(4, self.size.height - taken)

    def on_resize(self) -> None:
        """Use the new size as soon as it counts."""
        self.call_after_refresh(self._draw)

    def _card_width(self) -> int:
        return max(20, self.query_one("#time").size.width)

    def _text(self, name: str, text: Text) -> None:
        self.query_one(f"#{name}", Static).update(text)

    def _is_laid_out(self) -> bool:
        # A line may tell something before the parts are there, and while they are taken away.
        return self.is_running and bool(self.query("#keys"))

    def _draw(self) -> None:
        if not self._is_laid_out():
            return
        shown, denied = self.table.current, self.table.denied
        self.query_one("#idle").display = shown is None and denied is None
        self.query_one("#card").display = shown is not None
        self.query_one("#why").display = denied is not None
        if denied is not None:
            self._text("why", drawing.why(denied, short=shown is not None))
        if shown is not None:
            self._text("ask", drawing.ask(shown, self.table.place_in_line()))
            self._text("problem", drawing.problem(shown))
            self._fit()
            self.query_one("#number-field").display = shown.request.needs_number
            self._show_fields(shown)
        self._text("idle", self._idle())
        self._on_show = shown.key if shown else None
        self._text("past", drawing.past(self.table.history, wide=self.size.width >= WIDE))
        self._text("keys", drawing.keys(self.table))
        self._tick()

    def _idle(self) -> Text:
        states = self.table.states.values()
        if all(one.over for one in states):
            return drawing.nothing_left()
        return drawing.idle(self._note, asleep=all(one.asleep for one in states if not one.over))

    def _show_fields(self, shown: Shown) -> None:
        pin = self._field("pin")
        if self._on_show != shown.key:
            self._field("number").value = ""
            pin.value = self._pin
            first = self._field("number") if shown.request.needs_number else pin
            # The widget becomes focusable only once it is displayed.
            self.call_after_refresh(first.focus)
        elif shown.clear_pin:
            shown.clear_pin = False
            pin.value = ""
            pin.focus()
