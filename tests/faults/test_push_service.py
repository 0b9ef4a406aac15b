"""Push services that are slow, dead, full or hostile: no sign-in waits for them, and each case is counted."""

import socket
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpcore2 import AnyIOBackend

from hub.domain.account import User
from hub.flows.wake import Unsent
from hub.ports import PushResult
from tests.push import hostile
from tests.push.asleep import hub_that_pushes, sleeping_phone, subscribed
from tests.push.box import Answer, Box
from tests.push.keys import BrowserKeys
from tests.push.service import PushService
from tests.routes.acting import audit, rows
from tests.running import Browser, Phone, RunningHub, until

HOSTILE = "https://push.hostile.test/p"


@asynccontextmanager
async def asked(
    folder: Path, unkind: Callable[[Box], None] = lambda box: None
) -> AsyncIterator[tuple[RunningHub, Box, Browser]]:
    """A person whose phone sleeps behind an unkind service, and who begins to sign in."""
    async with hub_that_pushes(folder) as (hub, service):
        user = await hub.user(await hub.tenant())
        _, box = await sleeping_phone(hub, service, user)
        unkind(box)
        async with hub.browser() as browser:
            begun = await browser.start()
            assert begun["challenge"]["delivery"] == "sending"
            yield hub, box, browser


def count(hub: RunningHub, what: PushResult | Unsent) -> int:
    """Return how often that was the end of a try."""
    return hub.services.wake.results[what]


async def delivery(browser: Browser) -> str:
    """Return what the page says of the phone."""
    said: str = (await browser.look()).json()["challenge"]["delivery"]
    return said


async def becomes(browser: Browser, wanted: str, within_s: float = 5) -> None:
    """Wait until the page says *wanted* of the phone."""

    async def said() -> bool:
        return await delivery(browser) == wanted

    await until(said, within_s)


# What services answer ----------------------------------------------------------------------------------


async def test_a_service_that_is_full_is_asked_again_when_it_said(tmp_path: Path) -> None:
    def full(box: Box) -> None:
        box.answer(429, retry_after="1")

    async with asked(tmp_path, full) as (hub, box, browser):
        await until(lambda: box.received)
        first = time.monotonic()
        await until(lambda: len(box.received) == 2)

        assert 0.9 < time.monotonic() - first < 3
        await until(lambda: hub.services.wake.results == {PushResult.LATER: 1, PushResult.TAKEN: 1})
        assert await delivery(browser) == "sending"
        assert box.messages()[0] == box.messages()[1]


async def test_what_is_to_come_again_after_the_end_does_not(tmp_path: Path) -> None:
    def full(box: Box) -> None:
        box.answer(429, retry_after="3600")

    async with asked(tmp_path, full) as (hub, box, browser):
        await becomes(browser, "unreachable")

        assert hub.services.wake.results == {PushResult.LATER: 1, Unsent.TOO_LATE: 1}
        assert len(box.received) == 1


async def test_a_broken_service_is_asked_again(tmp_path: Path) -> None:
    def broken(box: Box) -> None:
        box.answer(500)

    async with asked(tmp_path, broken) as (hub, box, browser):
        await until(lambda: len(box.received) == 2)

        await until(lambda: hub.services.wake.results == {PushResult.LATER: 1, PushResult.TAKEN: 1})
        assert await delivery(browser) == "sending"


async def test_a_service_that_stays_broken_is_said_after_ten_seconds_and_asked_on(tmp_path: Path) -> None:
    def broken(box: Box) -> None:
        box.always = Answer(503)

    async with asked(tmp_path, broken) as (hub, box, browser):
        await until(lambda: box.received)
        assert await delivery(browser) == "sending"
        hub.clock.advance(10)
        await becomes(browser, "unreachable")
        box.always = None

        await until(lambda: count(hub, PushResult.TAKEN))


async def test_nothing_is_sent_again_once_it_is_over(tmp_path: Path) -> None:
    def broken(box: Box) -> None:
        box.answer(500)

    async with asked(tmp_path, broken) as (hub, box, browser):
        await until(lambda: count(hub, PushResult.LATER))
        await browser.again("cancel")
        await until(lambda: count(hub, Unsent.NOT_NEEDED))

        assert [message["type"] for message in box.messages()] == ["challenge", "resolved"]


async def test_a_refusal_is_final_counted_and_leaves_the_subscription(tmp_path: Path) -> None:
    def refusing(box: Box) -> None:
        box.always = Answer(403, words="the VAPID key is unknown")

    async with asked(tmp_path, refusing) as (hub, box, browser):
        await becomes(browser, "unreachable")

        assert hub.services.wake.results == {PushResult.REFUSED: 1}
        assert len(box.received) == 1
        assert rows(hub, "SELECT subscription IS NULL FROM devices") == [(0,)]


async def test_a_redirect_inside_is_a_refusal_and_touches_nothing(tmp_path: Path) -> None:
    async with hostile.something_internal() as internal:

        def redirecting(box: Box) -> None:
            box.answer(307, location=f"{internal.origin}/admin")

        async with asked(tmp_path, redirecting) as (hub, _, browser):
            await becomes(browser, "unreachable")

            assert hub.services.wake.results == {PushResult.REFUSED: 1}
        assert internal.touched == 0


# Where names lead --------------------------------------------------------------------------------------


@asynccontextmanager
async def behind(
    folder: Path, names: hostile.Names, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[RunningHub, Browser, Phone]]:
    """A phone that named a hostile service, and a sign-in that asks it; *names* play the name server."""
    real = socket.getaddrinfo
    port = 443

    def played(host: str, *more: Any, **named: Any) -> Any:
        if host != "push.hostile.test":
            return real(host, *more, **named)
        names.asked.append(host)
        found = names.answers.pop(0) if len(names.answers) > 1 else names.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", played)
    async with hub_that_pushes(folder) as (hub, _):
        phone = await hub.phone(await hub.user(await hub.tenant()))
        await subscribed(hub, phone, BrowserKeys().subscription(HOSTILE))
        # Names are asked when something is sent, and not before.
        assert names.asked == []
        async with hub.browser() as browser:
            await browser.start()
            yield hub, browser, phone


async def test_a_name_that_leads_inside_is_counted_and_its_subscription_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = hostile.Names([["127.0.0.1"]])
    async with behind(tmp_path, names, monkeypatch) as (hub, browser, phone):
        await becomes(browser, "unreachable")

        assert hub.services.wake.results == {PushResult.FORBIDDEN_ADDRESS: 1}
        assert [each["why"] for each in audit(hub, "device.push_lost")] == ["forbidden_address"]
        assert names.asked == ["push.hostile.test"]
        async with phone.connected() as device:
            assert device.ready["push_subscribed"] is False


async def test_a_name_that_leads_inside_the_second_time_is_not_asked_a_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The check is told an address that is public and reaches nobody; whoever asked again to connect would
    # be led to this machine.
    far, real = hostile.Network(), AnyIOBackend.connect_tcp

    async def played(self: AnyIOBackend, host: str, port: int, *more: Any, **named: Any) -> Any:
        return await (far.connect_tcp(host, port) if port == 443 else real(self, host, port, *more, **named))

    monkeypatch.setattr(AnyIOBackend, "connect_tcp", played)
    names = hostile.Names([["142.250.1.1"], ["127.0.0.1"]])
    async with behind(tmp_path, names, monkeypatch) as (hub, _, __):
        await until(lambda: count(hub, PushResult.NO_ANSWER))
        assert far.called == [("142.250.1.1", 443)]
        assert len(names.asked) == 1

        # Its next try asks anew, is led inside, and ends there.
        await until(lambda: count(hub, PushResult.FORBIDDEN_ADDRESS))
        assert far.called == [("142.250.1.1", 443)]


# What a sign-in feels of it ----------------------------------------------------------------------------

ROUNDS = 20


async def took_ms(browser: Browser, email: str) -> float:
    """Return how long a start takes; it is called off afterwards."""
    browser.http.cookies.clear()
    started = time.perf_counter()
    await browser.start(email)
    took = (time.perf_counter() - started) * 1000
    await browser.again("cancel")
    return took


Unkind = Callable[[RunningHub, PushService, User], Awaitable[None]]


async def kind(hub: RunningHub, service: PushService, user: User) -> None:
    """A service that does its duty."""
    await sleeping_phone(hub, service, user)


async def slow(hub: RunningHub, service: PushService, user: User) -> None:
    """One that takes ten seconds for each answer."""
    _, box = await sleeping_phone(hub, service, user)
    box.always = Answer(201, after_s=10)


async def refusing(hub: RunningHub, service: PushService, user: User) -> None:
    """One that refuses."""
    _, box = await sleeping_phone(hub, service, user)
    box.always = Answer(403, words="no")


async def broken(hub: RunningHub, service: PushService, user: User) -> None:
    """One that is broken."""
    _, box = await sleeping_phone(hub, service, user)
    box.always = Answer(500)


@pytest.mark.parametrize("unkind", [slow, refusing, broken])
async def test_a_sign_in_takes_as_long_as_with_a_service_that_does_its_duty(
    tmp_path: Path, unkind: Unkind
) -> None:
    async with hub_that_pushes(tmp_path, rate_limits="off") as (hub, service):
        tenant = await hub.tenant()
        for name, behaves in (("kind", kind), ("unkind", unkind)):
            await behaves(hub, service, await hub.user(tenant, f"{name}@demo.test"))
        async with hub.browser() as browser:
            await took_ms(browser, "kind@demo.test")
            took: dict[str, list[float]] = {"kind": [], "unkind": []}
            for _ in range(ROUNDS):
                for name, durations in took.items():
                    durations.append(await took_ms(browser, f"{name}@demo.test"))

        middle = {name: statistics.median(durations) for name, durations in took.items()}
        assert middle["unkind"] < 2 * middle["kind"] + 5, middle
        assert max(took["unkind"]) < 1000


async def test_a_sign_in_with_a_dead_service_takes_no_longer(tmp_path: Path) -> None:
    async with hostile.something_internal() as other:
        dead = other.origin
    async with hub_that_pushes(tmp_path, rate_limits="off", also_allowed=(dead,)) as (hub, service):
        tenant = await hub.tenant()
        await kind(hub, service, await hub.user(tenant, "kind@demo.test"))
        phone = await hub.phone(await hub.user(tenant, "dead@demo.test"))
        await subscribed(hub, phone, BrowserKeys().subscription(f"{dead}/p"))
        async with hub.browser() as browser:
            await took_ms(browser, "kind@demo.test")
            took = {"kind@demo.test": [0.0] * 0, "dead@demo.test": [0.0] * 0}
            for _ in range(ROUNDS):
                for email, durations in took.items():
                    durations.append(await took_ms(browser, email))

        middle = {email: statistics.median(durations) for email, durations in took.items()}
        assert middle["dead@demo.test"] < 2 * middle["kind@demo.test"] + 5, middle
        await until(lambda: count(hub, PushResult.NO_ANSWER))


async def test_one_persons_slow_service_holds_up_nobody_elses_phone(tmp_path: Path) -> None:
    async with hub_that_pushes(tmp_path, rate_limits="off") as (hub, service):
        tenant = await hub.tenant()
        mallory = await hub.user(tenant, "mallory@demo.test")
        for number in range(6):
            _, box = await sleeping_phone(hub, service, mallory, name=f"Slow {number}")
            box.always = Answer(201, after_s=8)
        _, other = await sleeping_phone(hub, service, await hub.user(tenant))
        async with hub.browser() as browser:
            for _ in range(3):
                browser.http.cookies.clear()
                await browser.start("mallory@demo.test")
        async with hub.browser() as browser:
            await browser.start()

            await until(lambda: other.received, within_s=1)
