"""What every limiter promises, and what the one in Redis does without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from hub.adapters import limit_memory
from hub.adapters.bus_redis import RedisBus
from hub.adapters.limit_counters import Counters
from hub.adapters.limit_memory import MOST_COUNTERS, BoundedMemory
from hub.domain.errors import RateLimited
from hub.domain.limits import Limit
from hub.ports import Limiter
from tests.services import RedisServer

LIMIT = Limit.ACTIVATION_FAILURES_PER_IP
PER_MINUTE, PER_HOUR = LIMIT.rates


@dataclass(frozen=True, slots=True)
class Counted:
    """A limiter, and a way to let its windows grow older by so many seconds."""

    limiter: Limiter
    let_pass: Callable[[int], Awaitable[None]]


class Passing:
    """The real time, and what a test lets pass on top."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
async def redis_bus(redis_server: RedisServer) -> AsyncIterator[RedisBus]:
    async with RedisBus(redis_server.url) as bus:
        yield bus


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Passing:
    """The time of the counters in memory."""
    passing = Passing()
    monkeypatch.setattr(limit_memory.BoundedMemory.__init__, "__defaults__", (passing,))
    return passing


@pytest.fixture(params=["memory", "redis"])
async def counted(request: pytest.FixtureRequest) -> AsyncIterator[Counted]:
    if request.param == "memory":
        passing: Passing = request.getfixturevalue("passing")

        async def pass_here(seconds: int) -> None:
            passing.ahead += seconds

        yield Counted(Counters(), pass_here)
        return
    server: RedisServer = request.getfixturevalue("redis_server")

    async def pass_there(seconds: int) -> None:
        async with Redis.from_url(server.url) as admin:
            async for key in admin.scan_iter("*"):
                left_ms = await admin.pttl(key) - seconds * 1000
                if left_ms > 0:
                    await admin.pexpire(key, left_ms)
                else:
                    await admin.delete(key)

    async with RedisBus(server.url) as bus, Counters(server.url, bus) as counters:
        yield Counted(counters, pass_there)


@pytest.fixture
def limiter(counted: Counted) -> Limiter:
    return counted.limiter


async def hit(limiter: Limiter, times: int, key: str = "192.0.2.1", limit: Limit = LIMIT) -> None:
    for _ in range(times):
        await limiter.hit(limit, key)


# Every limiter ------------------------------------------------------------------------------------------


async def test_one_more_than_the_rate_is_refused(limiter: Limiter) -> None:
    await hit(limiter, PER_MINUTE.times)

    with pytest.raises(RateLimited) as refused:
        await hit(limiter, 1)

    assert PER_MINUTE.per_s - 5 <= refused.value.retry_after_s <= PER_MINUTE.per_s


async def test_a_check_refuses_too(limiter: Limiter) -> None:
    await hit(limiter, PER_MINUTE.times)

    with pytest.raises(RateLimited):
        await limiter.check(LIMIT, "192.0.2.1")


async def test_a_check_counts_nothing(limiter: Limiter) -> None:
    for _ in range(2 * PER_MINUTE.times):
        await limiter.check(LIMIT, "192.0.2.1")

    await hit(limiter, PER_MINUTE.times)


async def test_each_key_has_counters_of_its_own(limiter: Limiter) -> None:
    await hit(limiter, PER_MINUTE.times, "192.0.2.1")

    await hit(limiter, PER_MINUTE.times, "2001:db8::/64")


async def test_each_limit_has_counters_of_its_own(limiter: Limiter) -> None:
    await hit(limiter, PER_MINUTE.times, limit=Limit.ACTIVATION_FAILURES_PER_IP)

    await hit(limiter, PER_MINUTE.times, limit=Limit.PASSWORD_TRIES_PER_IP)


async def test_a_window_that_ended_counts_no_more(counted: Counted) -> None:
    await hit(counted.limiter, PER_MINUTE.times)

    await counted.let_pass(PER_MINUTE.per_s)

    await hit(counted.limiter, PER_MINUTE.times)


async def test_the_longer_rate_holds_when_the_shorter_has_room_again(counted: Counted) -> None:
    for _ in range(PER_HOUR.times // PER_MINUTE.times):
        await hit(counted.limiter, PER_MINUTE.times)
        await counted.let_pass(PER_MINUTE.per_s)

    with pytest.raises(RateLimited) as refused:
        await hit(counted.limiter, 1)

    assert refused.value.retry_after_s > PER_HOUR.per_s / 2


async def test_what_was_refused_is_not_counted(counted: Counted) -> None:
    await hit(counted.limiter, PER_MINUTE.times)
    for _ in range(PER_HOUR.times):
        with pytest.raises(RateLimited):
            await hit(counted.limiter, 1)

    await counted.let_pass(PER_MINUTE.per_s)

    await hit(counted.limiter, 1)


async def test_many_at_once_get_no_more_than_the_rate(limiter: Limiter) -> None:
    tries = [limiter.hit(LIMIT, "192.0.2.1") for _ in range(5 * PER_MINUTE.times)]

    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    assert outcomes.count(None) == PER_MINUTE.times


# One process --------------------------------------------------------------------------------------------


async def test_limits_that_are_off_refuse_nothing() -> None:
    limiter = Counters(enforced=False)

    await hit(limiter, 3 * PER_MINUTE.times)

    await limiter.check(LIMIT, "192.0.2.1")


async def test_no_number_of_addresses_fills_the_memory() -> None:
    memory = BoundedMemory()

    for number in range(MOST_COUNTERS + 1_000):
        await memory.incr(str(number), 60)

    assert len(memory) == MOST_COUNTERS


async def test_windows_that_ended_are_forgotten() -> None:
    passing = Passing()
    memory = BoundedMemory(passing)
    for number in range(1_000):
        await memory.incr(str(number), 60)

    passing.ahead += 61
    await memory.incr("another", 60)

    assert len(memory) == 1


# Redis --------------------------------------------------------------------------------------------------


@pytest.fixture
async def shared(redis_server: RedisServer) -> AsyncIterator[Counters]:
    async with RedisBus(redis_server.url) as bus, Counters(redis_server.url, bus) as counters:
        yield counters


async def test_processes_share_their_counters(redis_server: RedisServer, shared: Counters) -> None:
    async with RedisBus(redis_server.url) as bus, Counters(redis_server.url, bus) as another:
        await hit(another, PER_MINUTE.times)

    with pytest.raises(RateLimited):
        await hit(shared, 1)


async def test_every_counter_in_redis_ends_by_itself(redis_server: RedisServer, shared: Counters) -> None:
    await hit(shared, 1)

    async with Redis.from_url(redis_server.url) as admin:
        left_s = sorted([await admin.ttl(key) async for key in admin.scan_iter("hub:limit*")])

    assert left_s == [pytest.approx(60, abs=5), pytest.approx(3600, abs=5)]


async def test_without_redis_each_process_counts_for_itself(
    redis_server: RedisServer, shared: Counters
) -> None:
    redis_server.kill()

    began = time.monotonic()
    await hit(shared, PER_MINUTE.times)
    with pytest.raises(RateLimited):
        await hit(shared, 1)

    assert time.monotonic() - began < 3


async def test_a_frozen_redis_holds_up_the_first_few_only(
    redis_server: RedisServer, shared: Counters
) -> None:
    redis_server.freeze()

    began = time.monotonic()
    await hit(shared, PER_MINUTE.times)

    assert time.monotonic() - began < 5
