"""Counters of what one address or tenant may do: the `limits` library, in Redis where there is one.

Fixed windows: an event costs the same however many there were. Twice a rate is possible across the end of a
window. What is refused is not counted, so hammering does not make the wait longer.
"""

import asyncio
import math
import time
from types import TracebackType
from typing import Protocol, Self

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from hub.adapters.limit_memory import BoundedMemory
from hub.domain.errors import RateLimited
from hub.domain.limits import Limit

PREFIX = "hub:limit"
# Of what a whole login may wait for a Redis that hangs, a second, the bus needs the greater part.
ANSWER_WITHIN_S = 0.3
CONNECT_WITHIN_S = 0.3
# Longer than the bus takes to notice that Redis hangs.
DOUBTED_FOR_S = 2.0

log = structlog.get_logger(__name__)

ITEMS: dict[Limit, tuple[RateLimitItem, ...]] = {
    limit: tuple(RateLimitItemPerSecond(rate.times, rate.per_s) for rate in limit.rates) for limit in Limit
}


class Health(Protocol):
    """Who knows whether Redis is there: the bus, which asks it all the time."""

    @property
    def is_up(self) -> bool:
        """Whether it is."""


class Counters:
    """The limits, kept or (``enforced=False``) ignored; an async context manager.

    While Redis is away each process counts for itself, from nothing: logins go on, and hammering is still
    slowed down. No call waits for a Redis that is known to be dead.
    """

    def __init__(
        self, redis_url: str | None = None, health: Health | None = None, *, enforced: bool = True
    ) -> None:
        self._enforced = enforced
        self._health = health
        self._told = False
        self._doubted_until = 0.0
        self._here = FixedWindowRateLimiter(BoundedMemory())
        self._pool: ConnectionPool | None = None
        self._shared: FixedWindowRateLimiter | None = None
        if redis_url is not None:
            self._pool = ConnectionPool.from_url(
                redis_url,
                socket_timeout=ANSWER_WITHIN_S,
                socket_connect_timeout=CONNECT_WITHIN_S,
                retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.2), 1),
            )
            storage = RedisStorage(
                redis_url,
                implementation="redispy",
                key_prefix=PREFIX,
                connection_pool=self._pool,  # type: ignore[arg-type]  # handed on, whatever it is
            )
            self._shared = FixedWindowRateLimiter(storage)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def hit(self, limit: Limit, key: str) -> None:
        """Count one more; raises RateLimited where a rate is used up, and then counts nothing."""
        await self._take(limit, key, count=True)

    async def check(self, limit: Limit, key: str) -> None:
        """Raise RateLimited where a rate is used up; count nothing."""
        await self._take(limit, key, count=False)

    async def _take(self, limit: Limit, key: str, *, count: bool) -> None:
        if not self._enforced:
            return
        if self._shared is not None and self._is_redis_there():
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await _take(self._shared, limit, key, count=count)
                self._told = False
                return
            except (RedisError, OSError, TimeoutError) as error:
                self._doubted_until = time.monotonic() + DOUBTED_FOR_S
                self._tell(str(error) or f"no answer for {ANSWER_WITHIN_S} s")
        await _take(self._here, limit, key, count=count)

    def _is_redis_there(self) -> bool:
        doubted = time.monotonic() < self._doubted_until
        return not doubted and self._health is not None and self._health.is_up

    def _tell(self, reason: str) -> None:
        if not self._told:
            log.warning("limits.counted_per_process", reason=reason)
        self._told = True


async def _take(counters: FixedWindowRateLimiter, limit: Limit, key: str, *, count: bool) -> None:
    for item in ITEMS[limit]:
        if not await counters.test(item, limit.name, key):
            await _refuse(counters, item, limit, key)
    for item in ITEMS[limit] if count else ():
        if not await counters.hit(item, limit.name, key):
            await _refuse(counters, item, limit, key)


async def _refuse(counters: FixedWindowRateLimiter, item: RateLimitItem, limit: Limit, key: str) -> None:
    window = await counters.get_window_stats(item, limit.name, key)
    raise RateLimited(retry_after_s=max(1, math.ceil(window.reset_time - time.time())))
