"""The screen's colours, and its one kind of field."""

from typing import Final

from textual.events import Key
from textual.theme import Theme
from textual.widgets import Input

THEME: Final = Theme(
    name="lumo",
    primary="#7fcbdb",
    secondary="#7fcbdb",
    accent="#7fcbdb",
    warning="#e3a53c",
    error="#ff9f94",
    success="#7cd29c",
    foreground="#e9efed",
    background="#0d1413",
    surface="#151e1d",
    panel="#283432",
    variables={"text-muted": "#b0bdba", "border-blurred": "#2f7181"},
)


class NumberField(Input):
    """Takes digits; every other printable key stays a key of the screen."""

    def __init__(self, id: str, length: int, *, password: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, max_length=length, password=password, restrict=r"[0-9]*", compact=True)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave letters to the screen: ``d`` denies, also while a PIN is being typed."""
        return character is not None and character.isdigit()

    async def _on_key(self, event: Key) -> None:
        if event.is_printable and not (event.character or "").isdigit():
            # Input's own handler is not run; the key goes on to the screen's bindings.
            event.prevent_default()
