"""What every limiter promises, and what the one in Redis does without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from hub.adapters.bus_redis import RedisBus
from hub.adapters.limit_counters import MOST_COUNTERS, Counters, Tally
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


class Monotonic:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
async def redis_bus(redis_server: RedisServer) -> AsyncIterator[RedisBus]:
    async with RedisBus(redis_server.url) as bus:
        yield bus


def in_memory() -> Counted:
    monotonic = Monotonic()

    async def let_pass(seconds: int) -> None:
        monotonic.now += seconds

    return Counted(Counters(monotonic=monotonic), let_pass)


def in_redis(bus: RedisBus, url: str) -> Counted:
    async def let_pass(seconds: int) -> None:
        async with Redis.from_url(url) as admin:
            async for key in admin.scan_iter("*"):
                left_ms = await admin.pttl(key) - seconds * 1000
                if left_ms > 0:
                    await admin.pexpire(key, left_ms)
                else:
                    await admin.delete(key)

    return Counted(Counters(bus), let_pass)


@pytest.fixture(params=["memory", "redis"])
def counted(request: pytest.FixtureRequest) -> Counted:
    if request.param == "memory":
        return in_memory()
    server: RedisServer = request.getfixturevalue("redis_server")
    return in_redis(request.getfixturevalue("redis_bus"), server.url)


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


def test_no_number_of_addresses_fills_the_memory() -> None:
    tally = Tally(Monotonic())

    for number in range(MOST_COUNTERS + 1_000):
        tally.take(Limit.LOGIN_STARTS_PER_TENANT, str(number), 1)

    assert len(tally) == MOST_COUNTERS


def test_windows_that_ended_are_forgotten() -> None:
    monotonic = Monotonic()
    tally = Tally(monotonic)
    for number in range(1_000):
        tally.take(Limit.LOGIN_STARTS_PER_TENANT, str(number), 1)

    monotonic.now += 60
    tally.take(Limit.LOGIN_STARTS_PER_TENANT, "another", 1)

    assert len(tally) == 1


# Redis --------------------------------------------------------------------------------------------------


async def test_processes_share_their_counters(redis_server: RedisServer, redis_bus: RedisBus) -> None:
    async with RedisBus(redis_server.url) as another:
        await hit(Counters(another), PER_MINUTE.times)

    with pytest.raises(RateLimited):
        await hit(Counters(redis_bus), 1)


async def test_every_counter_in_redis_ends_by_itself(redis_server: RedisServer, redis_bus: RedisBus) -> None:
    await hit(Counters(redis_bus), 1)

    async with Redis.from_url(redis_server.url) as admin:
        left_s = {key.decode(): await admin.ttl(key) async for key in admin.scan_iter("*")}

    assert left_s == {
        "hub:limit:{ACTIVATION_FAILURES_PER_IP:192.0.2.1}:60": pytest.approx(60, abs=5),
        "hub:limit:{ACTIVATION_FAILURES_PER_IP:192.0.2.1}:3600": pytest.approx(3600, abs=5),
    }


async def test_without_redis_each_process_counts_for_itself(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    limiter = Counters(redis_bus)
    redis_server.kill()

    began = time.monotonic()
    await hit(limiter, PER_MINUTE.times)
    with pytest.raises(RateLimited):
        await hit(limiter, 1)

    assert time.monotonic() - began < 1


async def test_a_frozen_redis_holds_up_the_first_only(redis_server: RedisServer, redis_bus: RedisBus) -> None:
    limiter = Counters(redis_bus)
    redis_server.freeze()

    began = time.monotonic()
    await hit(limiter, PER_MINUTE.times)

    assert time.monotonic() - began < 1


async def test_a_redis_that_came_back_empty_counts_again(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    limiter = Counters(redis_bus)
    await hit(limiter, 1)
    redis_server.restart()
    async with asyncio.timeout(5):
        while await redis_bus.ask(("PING",)) is None:  # noqa: ASYNC110 - Redis has no event for it
            await asyncio.sleep(0.002)

    await hit(limiter, PER_MINUTE.times)

    with pytest.raises(RateLimited):
        await Counters(redis_bus).check(LIMIT, "192.0.2.1")
