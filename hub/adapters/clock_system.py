"""The machine's clock."""

from datetime import UTC, datetime


class Clock:
    """The time as the operating system tells it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)
