"""A store of counters in this process for `limits`, which no number of addresses can fill.

The library's own walks through every counter at each event, and keeps as many as there are addresses: an
attacker with an IPv6 network would make each sign-in slower than the one before.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from limits.aio.storage import Storage

MOST_COUNTERS = 100_000


class BoundedMemory(Storage):
    """Counters with an end; where there are too many, the one touched longest ago goes first."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now = now
        # Count and end (Unix seconds) by key, the one touched last at the end.
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails."""
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add *amount*; a new counter ends *expiry* seconds from now. Return the count."""
        now = self._now()
        count, ends_at = self._counters.pop(key, (0, 0.0))
        if ends_at <= now:
            count, ends_at = 0, now + expiry
        self._counters[key] = (count + amount, ends_at)
        while len(self._counters) > MOST_COUNTERS or self._oldest_is_over(now):
            self._counters.popitem(last=False)
        return count + amount

    async def get(self, key: str) -> int:
        """Return the count."""
        count, ends_at = self._counters.get(key, (0, 0.0))
        return count if ends_at > self._now() else 0

    async def get_expiry(self, key: str) -> float:
        """Return when the counter ends, in Unix seconds."""
        _, ends_at = self._counters.get(key, (0, 0.0))
        return max(ends_at, self._now())

    async def check(self) -> bool:
        """Memory is always there."""
        return True

    async def reset(self) -> int:
        """Forget everything; return how many counters there were."""
        count = len(self._counters)
        self._counters.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counters.pop(key, None)

    def _oldest_is_over(self, now: float) -> bool:
        return bool(self._counters) and next(iter(self._counters.values()))[1] <= now
