"""The screen of a phone that sleeps: it says so, and who has woken it."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from hub.protocol import Ack, AskTest, Decide, Decided, ErrorCode, ErrorMessage, PushState
from mobile_sim.push_service import PushService
from mobile_sim.screen import PhoneScreen
from mobile_sim.state import StateFile
from tests.sim.other_side import FakeHub
from tests.sim.sleeping import SleepingPhone
from tests.sim.test_screen import Terminal
from tests.sim.waiting import until


@contextlib.asynccontextmanager
async def terminal(hub: FakeHub, memory: StateFile) -> AsyncIterator[tuple[Terminal, SleepingPhone]]:
    service = PushService()
    phone = SleepingPhone(hub, memory, service)
    screen = PhoneScreen(lambda emit: [phone.listening(memory, emit)])
    async with service.running(), screen.run_test(size=(80, 24)) as pilot:
        await phone.connects()
        yield Terminal(screen, pilot), phone


@pytest.fixture
async def asleep(hub: FakeHub, memory: StateFile) -> AsyncIterator[tuple[Terminal, SleepingPhone]]:
    async with terminal(hub, memory) as (screen, phone):
        await hub.say(PushState(subscribed=True))
        await until(lambda: "Asleep" in screen.shows("lines"))
        yield screen, phone


async def test_asleep_it_says_that_no_connection_is_open(asleep: tuple[Terminal, SleepingPhone]) -> None:
    screen, _ = asleep

    assert "No connection is open" in screen.shows("idle")
    assert "wake it" in screen.shows("keys")


async def test_woken_it_says_by_whom_and_shows_the_request(
    asleep: tuple[Terminal, SleepingPhone], hub: FakeHub
) -> None:
    screen, phone = asleep
    hub.pending = [hub.challenge(phone.account)]

    await phone.sender.push(phone.subscription, phone.pushed(hub.pending[0]))
    await phone.connects()
    await hub.hears(Ack)

    assert "Woken by a web push: Acme Wiki asks" in screen.shows("lines")
    assert "Acme Wiki" in screen.shows("ask")


async def test_asleep_it_says_what_became_of_a_request(asleep: tuple[Terminal, SleepingPhone]) -> None:
    screen, phone = asleep
    resolved = {"type": "resolved", "id": "chl_1", "status": "expired", "account": phone.account.user_id}

    await phone.sender.push(phone.subscription, resolved)

    await until(lambda: "A web push says: ran out" in screen.shows("lines"))


async def test_a_key_wakes_it_to_ask_for_a_test(asleep: tuple[Terminal, SleepingPhone], hub: FakeHub) -> None:
    screen, phone = asleep
    await screen.pilot.press("t")
    await phone.connects()

    await hub.hears(AskTest)


async def test_a_test_is_shown_as_one_and_its_denial_asks_for_no_reason(
    asleep: tuple[Terminal, SleepingPhone], hub: FakeHub
) -> None:
    screen, phone = asleep
    hub.pending = [hub.challenge(phone.account, kind="test", app="Test request")]
    await phone.sender.push(phone.subscription, phone.pushed(hub.pending[0]))
    await phone.connects()
    await hub.hears(Ack)

    assert "Only a test." in screen.shows("ask")
    await screen.pilot.press("d")
    await hub.hears(Decide)
    await hub.say(Decided(id="chl_1", status="denied"))
    await until(lambda: "Denied" in screen.shows("past"))
    assert screen.shows("why") == ""


async def test_a_hub_that_refuses_its_port_is_told_how_to_allow_it(hub: FakeHub, memory: StateFile) -> None:
    async with terminal(hub, memory) as (screen, _):
        await hub.say(ErrorMessage(code=ErrorCode.BAD_SUBSCRIPTION, detail="It cannot be used."))

        await until(lambda: "HUB_PUSH_ALLOW=http://127.0.0.1" in screen.shows("lines"))
