"""A value that must never be printed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Text that shows as ``***`` everywhere but where :meth:`reveal` is called."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself; every call of this is worth a look in review."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __len__(self) -> int:
        return len(self._value)
