"""What every bus promises, and what the one on Redis does when Redis does not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hub.adapters.bus_memory import MemoryBus
from hub.adapters.bus_redis import RedisBus
from hub.ports import Bus
from tests.certificates import certificate_for_loopback
from tests.services import RedisServer, free_port

SOON_S = 5.0


class Bell:
    """A ring that counts."""

    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


async def until(condition: Callable[[], object], within_s: float = SOON_S) -> None:
    """Return as soon as *condition* holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - conditions of another process have no event
            await asyncio.sleep(0.002)


async def counted(bus: Bus, expected: int, *topics: str) -> None:
    """Return as soon as *expected* listen to each of *topics*: Redis takes a moment."""
    async with asyncio.timeout(SOON_S):
        while await bus.listeners(*topics) != [expected] * len(topics):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
async def redis_bus(redis_server: RedisServer) -> AsyncIterator[RedisBus]:
    async with RedisBus(redis_server.url) as bus:
        yield bus


@pytest.fixture
async def admin(redis_server: RedisServer, redis_bus: RedisBus) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "memory":
        return MemoryBus()
    redis_bus: RedisBus = request.getfixturevalue("redis_bus")
    return redis_bus


async def cut_connections(admin: Redis, kind: str) -> int:
    """Cut every connection of this kind but our own; return how many there were."""
    cut: int = await admin.client_kill_filter(_type=kind, skipme=True)
    return cut


# Every bus ----------------------------------------------------------------------------------------------


async def test_a_nudge_reaches_who_listens(bus: Bus) -> None:
    bell = Bell()

    async with bus.listen("device:1", ring=bell):
        reach = await bus.publish("device:1")
        await until(lambda: bell.rung)

    assert reach == [1]
    assert bell.rung == 1


async def test_a_bus_is_up_at_once(bus: Bus) -> None:
    assert bus.is_up


async def test_nobody_listening_is_told_as_zero(bus: Bus) -> None:
    assert await bus.publish("device:1", "device:2") == [0, 0]
    assert await bus.listeners("device:1", "device:2") == [0, 0]


async def test_no_topics_are_no_trouble(bus: Bus) -> None:
    assert await bus.publish() == []
    assert await bus.listeners() == []


async def test_a_nudge_rings_its_own_topic_only(bus: Bus) -> None:
    mine, theirs = Bell(), Bell()

    async with bus.listen("device:1", ring=mine), bus.listen("device:2", ring=theirs):
        await bus.publish("device:1", "device:3")
        await until(lambda: mine.rung)
        await bus.publish("device:2")
        await until(lambda: theirs.rung)

    assert (mine.rung, theirs.rung) == (1, 1)


async def test_one_ring_may_listen_to_several_topics(bus: Bus) -> None:
    bell = Bell()

    async with bus.listen("device:1", "account:1", ring=bell):
        reach = await bus.publish("device:1", "device:9", "account:1")
        await until(lambda: bell.rung == 2)

    assert reach == [1, 0, 1]


async def test_everybody_on_a_topic_is_rung(bus: Bus) -> None:
    first, second = Bell(), Bell()

    async with bus.listen("login:1", ring=first), bus.listen("login:1", ring=second):
        (reach,) = await bus.publish("login:1")
        await until(lambda: first.rung and second.rung)

    assert reach in (1, 2)


async def test_who_left_is_neither_rung_nor_counted(bus: Bus) -> None:
    gone, stays = Bell(), Bell()
    async with bus.listen("device:1", ring=gone):
        pass
    await counted(bus, 0, "device:1")

    async with bus.listen("device:2", ring=stays):
        reach = await bus.publish("device:1", "device:2")
        await until(lambda: stays.rung)

    assert reach == [0, 1]
    assert gone.rung == 0


async def test_one_who_leaves_takes_nobody_along(bus: Bus) -> None:
    stays = Bell()

    async with bus.listen("login:1", ring=stays):
        async with bus.listen("login:1", ring=Bell()):
            pass
        reach = await bus.publish("login:1")
        await until(lambda: stays.rung)

    assert reach == [1]


async def test_one_who_comes_back_at_once_hears_the_next_nudge(bus: Bus) -> None:
    bells: list[Bell] = []

    for _ in range(50):
        bells.append(Bell())
        async with bus.listen("login:1", ring=bells[-1]):
            reach = await bus.publish("login:1")
            await until(lambda: bells[-1].rung)
        assert reach == [1]


async def test_a_ring_that_breaks_costs_nobody_a_nudge(bus: Bus) -> None:
    def broken() -> None:
        raise ValueError("broken")

    bell = Bell()

    async with bus.listen("login:1", ring=broken), bus.listen("login:1", ring=bell):
        await bus.publish("login:1")
        await bus.publish("login:1")
        await until(lambda: bell.rung == 2)

    assert bus.is_up


async def test_a_context_that_ends_by_an_error_is_left_too(bus: Bus) -> None:
    with pytest.raises(KeyError):
        async with bus.listen("login:1", ring=Bell()):
            raise KeyError

    await counted(bus, 0, "login:1")


async def test_many_topics_at_once_each_hear_their_own_nudge(bus: Bus) -> None:
    topics = [f"device:{number}" for number in range(2_000)]
    bells = {topic: Bell() for topic in topics}

    async with AsyncExitStack() as stack:
        entering = [stack.enter_async_context(bus.listen(topic, ring=bells[topic])) for topic in topics]
        await asyncio.gather(*entering)
        reach = await asyncio.gather(*(bus.publish(topic) for topic in topics))
        await until(lambda: all(bell.rung for bell in bells.values()))

    assert reach == [[1]] * len(topics)
    assert {bell.rung for bell in bells.values()} == {1}


# Between processes --------------------------------------------------------------------------------------


async def test_a_nudge_reaches_other_processes(redis_server: RedisServer) -> None:
    bell = Bell()

    async with (
        RedisBus(redis_server.url) as here,
        RedisBus(redis_server.url) as there,
        here.listen("device:1", ring=Bell()),
        there.listen("device:1", ring=bell),
    ):
        reach = await here.publish("device:1")
        await until(lambda: bell.rung)
        known = await here.listeners("device:1")

    assert (reach, known) == ([2], [2])


async def test_hubs_with_other_prefixes_do_not_hear_each_other(redis_server: RedisServer) -> None:
    async with (
        RedisBus(redis_server.url, "a:") as here,
        RedisBus(redis_server.url, "b:") as there,
        there.listen("device:1", ring=Bell()),
    ):
        reach = await here.publish("device:1")

    assert reach == [0]


async def test_a_nudge_carries_nothing(redis_bus: RedisBus, admin: Redis) -> None:
    async with admin.pubsub() as ears:
        await ears.psubscribe("*")
        await ears.get_message(timeout=SOON_S)
        await redis_bus.publish("device:1")
        message = await ears.get_message(timeout=SOON_S)

    assert message is not None
    assert (message["channel"], message["data"]) == (b"hub:device:1", b"")


async def test_redis_may_be_reached_by_tls_as_a_user_who_may_little(tmp_path: Path) -> None:
    port = free_port()
    certificate, key = certificate_for_loopback(tmp_path)
    tls = f"--tls-port {port} --tls-cert-file {certificate} --tls-key-file {key} --tls-auth-clients no"
    may = "on >secret resetchannels &hub:* ~hub:* +@all -@dangerous +info"
    with RedisServer(*tls.split(), "--user", "hub", *may.split()):
        async with RedisBus(f"rediss://hub:secret@127.0.0.1:{port}/0?ssl_ca_certs={certificate}") as bus:
            bell = Bell()
            async with bus.listen("device:1", ring=bell):
                reach = await bus.publish("device:1")
                await until(lambda: bell.rung)

    assert reach == [1]


# Redis in trouble ---------------------------------------------------------------------------------------


async def test_a_killed_redis_is_told_to_everybody_and_nudges_come_back_with_it(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    bell = Bell()

    async with redis_bus.listen("device:1", ring=bell):
        redis_server.kill()
        await until(lambda: not redis_bus.is_up, 1)
        assert bell.rung == 1

        redis_server.start()
        await until(lambda: redis_bus.is_up, 1)
        assert bell.rung == 2

        assert await redis_bus.publish("device:1") == [1]
        await until(lambda: bell.rung == 3)


async def test_publishing_while_redis_is_away_costs_no_time(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    redis_server.kill()
    await until(lambda: not redis_bus.is_up)

    began = time.monotonic()
    reach = await redis_bus.publish("device:1", "device:2")
    known = await redis_bus.listeners("device:1", "device:2")

    assert (reach, known) == ([None, None], [None, None])
    assert time.monotonic() - began < 0.05


async def test_listening_while_redis_is_away_starts_at_once_and_stands_when_it_is_back(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    redis_server.kill()
    await until(lambda: not redis_bus.is_up)
    bell = Bell()

    began = time.monotonic()
    async with redis_bus.listen("device:1", ring=bell):
        assert time.monotonic() - began < 0.05

        redis_server.start()
        await until(lambda: redis_bus.is_up)
        assert bell.rung == 1
        assert await redis_bus.publish("device:1") == [1]
        await until(lambda: bell.rung == 2)


async def test_a_hub_may_start_before_redis(redis_server: RedisServer) -> None:
    redis_server.kill()

    async with RedisBus(redis_server.url) as bus:
        assert not bus.is_up

        redis_server.start()
        await until(lambda: bus.is_up, 1)
        assert await bus.publish("device:1") == [0]


async def test_a_frozen_redis_is_noticed_while_nobody_asks(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    bell = Bell()

    async with redis_bus.listen("device:1", ring=bell):
        redis_server.freeze()
        await until(lambda: not redis_bus.is_up, 2.5)
        assert bell.rung == 1

        redis_server.thaw()
        await until(lambda: redis_bus.is_up, 2.5)
        assert bell.rung == 2
        assert await redis_bus.publish("device:1") == [1]


async def test_a_frozen_redis_holds_up_one_login_for_less_than_a_second(
    redis_server: RedisServer, redis_bus: RedisBus
) -> None:
    redis_server.freeze()

    began = time.monotonic()
    first = await redis_bus.publish("device:1")
    held_up_s = time.monotonic() - began
    second = await redis_bus.publish("device:1")
    then_s = time.monotonic() - began - held_up_s

    assert (first, second) == ([None], [None])
    assert held_up_s < 1
    assert then_s < 0.05
    assert not redis_bus.is_up


async def test_a_hub_that_was_held_up_itself_does_not_blame_redis(redis_bus: RedisBus) -> None:
    async def hold_up() -> None:
        time.sleep(2)

    bell = Bell()

    async with redis_bus.listen("device:1", ring=bell):
        await asyncio.gather(redis_bus.publish("device:1"), hold_up())
        await until(lambda: bell.rung)

        assert redis_bus.is_up
        assert await redis_bus.publish("device:1") == [1]


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
async def test_a_cut_connection_is_made_again_and_everybody_looks(
    redis_bus: RedisBus, admin: Redis, kind: str
) -> None:
    bell = Bell()

    async with redis_bus.listen("device:1", ring=bell):
        await cut_connections(admin, kind)
        await until(lambda: bell.rung == 2 and redis_bus.is_up)

        assert await redis_bus.publish("device:1") == [1]
        await until(lambda: bell.rung == 3)


@pytest.mark.slow
async def test_no_subscription_is_lost_however_often_the_connection_is_cut(
    redis_bus: RedisBus, admin: Redis
) -> None:
    topics = [f"device:{number}" for number in range(300)]
    bells = {topic: Bell() for topic in topics}

    async def cut(times: int) -> None:
        while times > 0:
            times -= await cut_connections(admin, "pubsub")

    async with AsyncExitStack() as stack, asyncio.timeout(60):
        async with asyncio.TaskGroup() as group:
            group.create_task(cut(200))
            for topic in topics:
                await stack.enter_async_context(redis_bus.listen(topic, ring=bells[topic]))
                await asyncio.sleep(0.01)
        await counted(redis_bus, 1, *topics)
        before = {topic: bell.rung for topic, bell in bells.items()}
        reach = await redis_bus.publish(*topics)
        await until(lambda: all(bells[topic].rung > before[topic] for topic in topics))

    assert reach == [1] * len(topics)


async def test_a_bus_that_ends_leaves_no_connection_behind(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as admin:
        async with RedisBus(redis_server.url) as bus, bus.listen("device:1", ring=Bell()):
            assert len(await admin.client_list()) == 3

        async with asyncio.timeout(SOON_S):
            while len(await admin.client_list()) > 1:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.002)
