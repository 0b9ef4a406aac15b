"""Passwords as argon2id (RFC 9106), in a few threads of their own."""

import asyncio
import base64
import contextlib
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.domain.errors import Unavailable
from hub.domain.secret import Secret

# A hash takes 64 MiB and about 0.15 s: more waiting than this would wait longer than a person does.
WAITING_PER_THREAD: Final = 32
ANSWER_WITHIN_S: Final = 15.0

T = TypeVar("T")


class Hasher:
    """Hashes and compares; a context manager, whose end is the end of its threads.

    At most as many hashes run at once as there are cores, a bounded number waits, and what comes on top is
    refused at once with Unavailable: a flood of passwords must not fill the memory.
    """

    def __init__(
        self,
        argon2: PasswordHasher | None = None,
        *,
        threads: int | None = None,
        waiting: int | None = None,
    ) -> None:
        self._argon2 = argon2 or PasswordHasher()
        threads = threads or os.cpu_count() or 1
        waiting = WAITING_PER_THREAD * threads if waiting is None else waiting
        self._nobodys = _hash_of_nothing(self._argon2)
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: Secret) -> str:
        """Return an argon2id string with a fresh salt; raises Unavailable where too many wait."""
        return await self._in_a_thread(lambda: self._argon2.hash(password.reveal()))

    async def verify(self, password: Secret, hashed: str | None) -> bool:
        """Compare; without *hashed* it takes as long and is False. Raises Unavailable as :meth:`hash`."""
        fits = await self._in_a_thread(lambda: self._fits(password, hashed or self._nobodys))
        return fits and hashed is not None

    def _fits(self, password: Secret, hashed: str) -> bool:
        with contextlib.suppress(VerificationError, InvalidHashError):
            return self._argon2.verify(hashed, password.reveal())
        return False

    async def _in_a_thread(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Unavailable
        try:
            job: Future[T] = self._pool.submit(work)
        except RuntimeError:
            self._places.release()
            raise
        # When the thread is through, not when the caller stops waiting: the memory is in use until then.
        job.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), ANSWER_WITHIN_S)
        except TimeoutError as error:
            raise Unavailable from error


def _hash_of_nothing(argon2: PasswordHasher) -> str:
    """Return a hash that no password has, as costly to compare with as a real one."""

    def some(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    costs = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
    return f"$argon2id$v=19${costs}${some(argon2.salt_len)}${some(argon2.hash_len)}"
