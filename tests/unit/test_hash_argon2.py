"""Passwords as argon2id, in a few threads of their own."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from hub.adapters.hash_argon2 import Hasher
from hub.domain.errors import Unavailable
from hub.domain.secret import Secret

RIGHT = Secret("correct horse battery staple")
WRONG = Secret("correct horse battery stable")


def cheap() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Gate(PasswordHasher):
    """Hashes only once it is opened; counts how many are inside."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.entered.release()
        assert self.opened.wait(10)
        return super().hash(password, salt=salt)


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    with Hasher(cheap()) as one:
        yield one


async def test_the_right_password_fits_and_a_wrong_one_does_not(hasher: Hasher):
    hashed = await hasher.hash(RIGHT)

    assert await hasher.verify(RIGHT, hashed)
    assert not await hasher.verify(WRONG, hashed)


async def test_a_hash_is_argon2id_and_never_the_same_twice(hasher: Hasher):
    first, second = await hasher.hash(RIGHT), await hasher.hash(RIGHT)

    assert first.startswith("$argon2id$")
    assert first != second


async def test_no_password_fits_where_there_is_no_hash(hasher: Hasher):
    assert not await hasher.verify(RIGHT, None)


async def test_what_is_no_hash_fits_nothing(hasher: Hasher):
    assert not await hasher.verify(RIGHT, "not a hash")


async def test_comparing_with_nothing_costs_as_much_as_with_a_real_hash():
    slow = PasswordHasher()

    async def fastest(hasher: Hasher, hashed: str | None) -> float:
        took = []
        for _ in range(4):
            began = time.perf_counter()
            await hasher.verify(WRONG, hashed)
            took.append(time.perf_counter() - began)
        return min(took)

    with Hasher(slow) as hasher:
        real = await fastest(hasher, await hasher.hash(RIGHT))
        none = await fastest(hasher, None)

    # Without the work it would be a thousandth; the machine may be busy.
    assert real / 3 < none < real * 3


async def test_the_costs_are_those_of_the_library():
    with Hasher() as hasher:
        costs = extract_parameters(await hasher.hash(RIGHT))

    assert (costs.memory_cost, costs.time_cost) == (65_536, 3)


async def test_more_than_can_wait_are_refused_at_once_and_places_come_free_again():
    gate = Gate()
    with Hasher(gate, threads=1, waiting=1) as hasher:
        async with asyncio.TaskGroup() as group:
            accepted = [group.create_task(hasher.hash(RIGHT)) for _ in range(2)]
            assert await asyncio.to_thread(gate.entered.acquire, timeout=10)

            with pytest.raises(Unavailable):
                await hasher.hash(RIGHT)

            gate.opened.set()

        assert all(task.result().startswith("$argon2id$") for task in accepted)
        assert await hasher.hash(RIGHT)


async def test_no_more_run_at_once_than_there_are_threads():
    gate = Gate()
    with Hasher(gate, threads=2, waiting=10) as hasher:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(hasher.hash(RIGHT))
            for _ in range(2):
                assert await asyncio.to_thread(gate.entered.acquire, timeout=10)

            inside = gate.entered.acquire(timeout=0.1)
            gate.opened.set()

    assert not inside


async def test_a_caller_who_gives_up_keeps_the_place_until_the_thread_is_through():
    gate = Gate()
    with Hasher(gate, threads=1, waiting=0) as hasher:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await hasher.hash(RIGHT)

        with pytest.raises(Unavailable):
            await hasher.hash(RIGHT)

        gate.opened.set()
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await hasher.hash(RIGHT)
                    break
                except Unavailable:
                    await asyncio.sleep(0.005)
