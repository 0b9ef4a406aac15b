"""Counters of what one address or tenant may do, in Redis where there is one, else in this process.

Fixed windows: a counter a rate, which begins at the first event and ends by itself. Twice a rate is possible
across the end of a window; in return an event costs the same however many there were, and nobody can fill the
memory by trying. A refused event is not counted, so hammering does not make the wait longer.

Not on the `limits` library: its store in memory walks through every counter at each event (140 µs at 2,000
addresses), and in Redis it takes two round trips for each rate where one script takes one for all of them.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Protocol

import structlog
from redis.exceptions import NoScriptError

from hub.domain.errors import RateLimited
from hub.domain.limits import Limit, Rate

log = structlog.get_logger(__name__)

MOST_COUNTERS = 100_000

# KEYS: a counter for each rate. ARGV: 1 to count, 0 to look; then times and seconds of each rate.
# Returns the milliseconds to wait, 0 where every rate has room.
SCRIPT = b"""
local wait = 0
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * i]) then
    wait = math.max(wait, redis.call('PTTL', key))
  end
end
if wait == 0 and ARGV[1] == '1' then
  for i, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[2 * i + 1]) end
  end
end
return wait
"""
# The name by which Redis keeps a script, not a safeguard.
SCRIPT_SHA = sha1(SCRIPT, usedforsecurity=False).hexdigest()


class Redis(Protocol):
    """A Redis that says at once when it is away: see `hub.adapters.bus_redis.RedisBus`."""

    @property
    def prefix(self) -> str:
        """What every key begins with."""

    async def ask(self, *commands: tuple[str | bytes | int, ...]) -> list[object] | None:
        """Return an answer to each command, an error as an object; None where there is no Redis."""


class Counters:
    """The limits, kept or (``enforced=False``) ignored.

    While Redis is away each process counts for itself, from nothing: logins go on, and hammering is still
    slowed down. Whether it is away is known to the bus: no call waits for a dead one.
    """

    def __init__(
        self,
        redis: Redis | None = None,
        *,
        enforced: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._enforced = enforced
        self._here = Tally(monotonic)
        self._told = False

    async def hit(self, limit: Limit, key: str) -> None:
        """Count one more; raises RateLimited where a rate is used up, and then counts nothing."""
        await self._take(limit, key, count=1)

    async def check(self, limit: Limit, key: str) -> None:
        """Raise RateLimited where a rate is used up; count nothing."""
        await self._take(limit, key, count=0)

    async def _take(self, limit: Limit, key: str, count: int) -> None:
        if not self._enforced:
            return
        wait_s = None
        if self._redis is not None:
            wait_s = await self._take_in_redis(self._redis, limit, key, count)
        if wait_s is None:
            wait_s = self._here.take(limit, key, count)
        if wait_s > 0:
            raise RateLimited(retry_after_s=max(1, math.ceil(wait_s)))

    async def _take_in_redis(self, redis: Redis, limit: Limit, key: str, count: int) -> float | None:
        # The braces keep a limit's counters on one node of a cluster.
        names = [f"{redis.prefix}limit:{{{limit.name}:{key}}}:{rate.per_s}" for rate in limit.rates]
        arguments: list[str | int] = [len(names), *names, count]
        for rate in limit.rates:
            arguments += [rate.times, rate.per_s]
        answers = await redis.ask(("EVALSHA", SCRIPT_SHA, *arguments))
        if answers and isinstance(answers[0], NoScriptError):
            answers = await redis.ask(("EVAL", SCRIPT, *arguments))
        match answers:
            case [int(wait_ms)]:
                self._told = False
                return wait_ms / 1000
            case _:
                self._tell(answers)
                return None

    def _tell(self, answers: list[object] | None) -> None:
        if not self._told:
            log.warning("limits_counted_per_process", reason=str(answers[0]) if answers else "redis is away")
        self._told = True


@dataclass(slots=True)
class Window:
    """How often it happened, until when that counts."""

    count: int
    ends_at: float


class Tally:
    """The same in one process."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        # By length of window: each dict is in the order in which its windows end.
        self._windows: dict[int, dict[tuple[Limit, str], Window]] = {}

    def take(self, limit: Limit, key: str, count: int) -> float:
        """Add *count* where every rate has room; else return the seconds to wait."""
        now = self._monotonic()
        wait_s = max(self._wait(rate, (limit, key), now) for rate in limit.rates)
        if wait_s == 0 and count:
            for rate in limit.rates:
                self._add(rate, (limit, key), now, count)
        return wait_s

    def __len__(self) -> int:
        """How many counters there are."""
        return sum(len(windows) for windows in self._windows.values())

    def _wait(self, rate: Rate, name: tuple[Limit, str], now: float) -> float:
        window = self._windows.get(rate.per_s, {}).get(name)
        return max(0.0, window.ends_at - now) if window and window.count >= rate.times else 0.0

    def _add(self, rate: Rate, name: tuple[Limit, str], now: float, count: int) -> None:
        windows = self._windows.setdefault(rate.per_s, {})
        while windows:
            oldest = next(iter(windows))
            if windows[oldest].ends_at > now and (name in windows or len(windows) < MOST_COUNTERS):
                break
            del windows[oldest]
        windows.setdefault(name, Window(0, now + rate.per_s)).count += count
