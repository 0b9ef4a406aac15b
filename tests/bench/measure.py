"""The measurements: stages one after another, many logins at once, whole visits, idle phones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

from tests.bench.subject import Login, Subject
from tests.bench.subject_hub import HubSubject
from tests.bench.wire import Http, Unexpected

PATIENCE_S = 5.0

Lane = TypeVar("Lane")


@dataclass(slots=True)
class Tally:
    """How many came through, in what time and CPU time of the server, and how many were lost."""

    done: int = 0
    lost: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    why: list[str] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """As many a second came through."""
        return self.done / self.wall_s if self.wall_s else 0.0

    @property
    def per_cpu_s(self) -> float:
        """As many a second of the server's CPU came through."""
        return self.done / self.cpu_s if self.cpu_s else 0.0

    def lose(self, error: Exception) -> None:
        """Count one lost."""
        self.lost += 1
        self.why.append(str(error) or type(error).__name__)

    @asynccontextmanager
    async def timing(self, subject: Subject) -> AsyncIterator[None]:
        """Count the time within the context."""
        cpu, wall = subject.process.cpu_s, perf_counter()
        yield
        self.wall_s += perf_counter() - wall
        self.cpu_s += subject.process.cpu_s - cpu


@dataclass(slots=True)
class Stages:
    """Seconds of each login's two stages."""

    ask_s: list[float] = field(default_factory=list)
    tap_s: list[float] = field(default_factory=list)
    lost: int = 0
    why: list[str] = field(default_factory=list)


async def stages(subject: Subject, count: int) -> Stages:
    """Measure logins one after another: nothing else is under way."""
    found = Stages()
    browser = await subject.browser()
    for number in range(count):
        try:
            async with asyncio.timeout(PATIENCE_S):
                login = await subject.ask(number % subject.phones, browser)
                await subject.watch(login)
                await subject.show(login)
                subject.sign(login, shown=True)
                tap_s = await subject.tap(login)
                await subject.complete(login, browser)
        except (Unexpected, TimeoutError) as error:
            found.lost += 1
            found.why.append(str(error) or type(error).__name__)
            browser.close()
            browser = await subject.browser()
        else:
            found.ask_s.append(login.asked_s)
            found.tap_s.append(tap_s)
    browser.close()
    return found


async def logins(subject: Subject, count: int, at_once: int) -> Tally:
    """Measure *at_once* logins at a time, all sockets open beforehand.

    A browser's socket can only be opened once its login has begun, so all logins begin, then the sockets are
    opened off the clock, then all phones answer.
    """
    tally = Tally()
    browsers = [await subject.browser() for _ in range(at_once)]
    while tally.done + tally.lost < count:
        batch = min(count - tally.done - tally.lost, subject.phones)
        begun: list[Login] = []

        async def begin(phone: int, browser: Http, *, begun: list[Login] = begun) -> None:
            begun.append(await subject.ask(phone, browser))

        async with tally.timing(subject):
            await _share(range(batch), browsers, begin, tally)
        for login in begun:
            await subject.watch(login)
            subject.sign(login, shown=False)

        async def answer(number: int, _: Http, *, begun: list[Login] = begun) -> None:
            await subject.tap(begun[number])
            tally.done += 1

        async with tally.timing(subject):
            await _share(range(len(begun)), browsers, answer, tally)
    for browser in browsers:
        browser.close()
    return tally


async def visits(subject: Subject, count: int, at_once: int) -> Tally:
    """Measure whole visits: new connections, the handshake, the phone's acknowledgement, the session."""
    tally = Tally()

    async def visit(phone: int, _: None) -> None:
        browser = await subject.browser()
        try:
            login = await subject.ask(phone, browser)
            await subject.watch(login)
            subject.sign(login, shown=False)
            await subject.tap(login)
            await subject.complete(login, browser)
        finally:
            browser.close()
        tally.done += 1

    while tally.done + tally.lost < count:
        batch = min(count - tally.done - tally.lost, subject.phones)
        async with tally.timing(subject):
            await _share(range(batch), [None] * at_once, visit, tally)
    return tally


@dataclass(slots=True)
class Crowd:
    """Phones that connected in a storm, and what each costs while nothing happens."""

    storm: Tally
    kib_each: float


async def crowd(hub: HubSubject, at_once: int) -> Crowd:
    """Connect all phones, *at_once* at a time; each has its socket, has proven its key and listens."""
    tally = Tally()
    # The first ones make what is made once: caches, compiled statements.
    first = max(1, min(50, hub.phones // 4))

    async def connect(phone: int, _: None) -> None:
        await hub.connect(phone)
        tally.done += 1

    await _share(range(first), [None] * at_once, connect, Tally())
    tally.done = 0
    before = hub.process.resident_kib
    async with tally.timing(hub):
        await _share(range(first, hub.phones), [None] * at_once, connect, tally)
    return Crowd(tally, (hub.process.resident_kib - before) / (hub.phones - first))


async def _share(
    work: Sequence[int], lanes: Sequence[Lane], doing: Callable[[int, Lane], Awaitable[None]], tally: Tally
) -> None:
    """Do all of *work*, one at a time in each lane."""
    waiting = iter(work)

    async def lane(browser: Lane) -> None:
        for each in waiting:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await doing(each, browser)
            except (Unexpected, TimeoutError) as error:
                tally.lose(error)

    async with asyncio.TaskGroup() as group:
        for browser in lanes:
            group.create_task(lane(browser))
