"""A phone that sleeps: when it does, and what wakes it."""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest

from hub.protocol import (
    Ack,
    AskTest,
    Authenticate,
    Decide,
    Decided,
    ErrorCode,
    ErrorMessage,
    PushState,
    Report,
    UnsubscribePush,
)
from mobile_sim import events, words
from mobile_sim.client import Line
from mobile_sim.push_service import PushService
from mobile_sim.state import StateFile
from tests.sim.hearing import Heard
from tests.sim.other_side import FakeHub, Signing
from tests.sim.sleeping import SleepingPhone, sleeping


@pytest.fixture
async def phone(hub: FakeHub, memory: StateFile) -> AsyncIterator[SleepingPhone]:
    async with sleeping(hub, memory) as phone:
        yield phone


async def test_asleep_it_holds_no_connection(phone: SleepingPhone, hub: FakeHub) -> None:
    (socket,) = hub.sockets.values()

    await socket.wait_closed()

    assert socket.close_code == 1001


async def test_a_web_push_wakes_it_and_it_says_who_asks(phone: SleepingPhone, hub: FakeHub) -> None:
    challenge = hub.challenge(phone.account)
    hub.pending = [challenge]

    answer = await phone.sender.push(phone.subscription, phone.pushed(challenge))
    woken = await phone.heard.until(events.Woken)
    await phone.connects()
    asked = await phone.heard.until(events.Asked)

    assert answer.status_code == 201
    assert words.woken(woken) == "Woken by a web push: Acme Wiki asks"
    assert asked.request.jws == challenge.request


async def test_it_answers_and_goes_back_to_sleep(phone: SleepingPhone, hub: FakeHub) -> None:
    hub.pending = [hub.challenge(phone.account)]
    await phone.sender.push(phone.subscription, phone.pushed(hub.pending[0]))
    await phone.connects()
    await hub.say(PushState(subscribed=True))
    await phone.heard.until(events.Asked)
    await phone.line.ack("chl_1")
    await phone.line.decide("chl_1", "deny")
    await hub.hears(Ack)
    await hub.hears(Decide)
    await hub.say(Decided(id="chl_1", status="denied"))

    await phone.heard.until(events.Asleep)


async def test_a_card_keeps_it_awake(phone: SleepingPhone, hub: FakeHub) -> None:
    hub.pending = [hub.challenge(phone.account)]
    phone.line.try_now()
    await phone.connects()
    await hub.say(PushState(subscribed=True))
    await phone.heard.until(events.Subscribed)

    assert phone.sleep.due_in_s() == math.inf


async def test_a_push_too_long_for_its_request_wakes_it_all_the_same(
    phone: SleepingPhone, hub: FakeHub
) -> None:
    hub.pending = [hub.challenge(phone.account)]

    await phone.sender.push(phone.subscription, phone.pushed(hub.pending[0], request=None))

    assert (await phone.heard.until(events.Woken)).app is None
    assert (await phone.heard.until(events.Asked)).request.claims.app == "Acme Wiki"


async def test_a_request_that_does_not_fit_does_not_wake_it(phone: SleepingPhone, hub: FakeHub) -> None:
    forged = hub.challenge(phone.account, by=Signing("hub-1"))

    await phone.sender.push(phone.subscription, phone.pushed(forged))

    assert "signature" in (await phone.heard.until(events.Refused)).why
    assert hub.arrivals.empty()


async def test_a_request_signed_by_a_new_key_wakes_it_without_a_name(
    phone: SleepingPhone, hub: FakeHub
) -> None:
    new = Signing("hub-2")
    hub.published.append(new)
    hub.pending = [hub.challenge(phone.account, by=new)]

    await phone.sender.push(phone.subscription, phone.pushed(hub.pending[0]))

    assert (await phone.heard.until(events.Woken)).app is None
    await phone.heard.until(events.Asked)


@pytest.mark.parametrize("message", [b"\x00", {"type": "novel"}, {"type": "resolved", "account": "usr_1"}])
async def test_a_push_that_cannot_be_read_is_dropped(phone: SleepingPhone, message: object) -> None:
    await phone.sender.push(phone.subscription, message)

    assert (await phone.heard.until(events.Failed)).code == "bad_push"


async def test_a_push_for_another_account_is_dropped(phone: SleepingPhone, hub: FakeHub) -> None:
    pushed = phone.pushed(hub.challenge(phone.account), account="usr_2")

    await phone.sender.push(phone.subscription, pushed)

    assert "another account" in (await phone.heard.until(events.Failed)).detail


async def test_the_end_of_a_request_is_told_without_waking_it(phone: SleepingPhone, hub: FakeHub) -> None:
    resolved = {"type": "resolved", "id": "chl_1", "status": "cancelled", "account": phone.account.user_id}

    await phone.sender.push(phone.subscription, resolved)

    pushed = await phone.heard.until(events.Pushed)
    assert (pushed.kind, pushed.status) == ("resolved", "cancelled")
    assert hub.arrivals.empty()


async def test_what_was_shown_over_the_socket_does_not_wake_it_again(
    phone: SleepingPhone, hub: FakeHub
) -> None:
    phone.line.try_now()
    await phone.connects()
    challenge = await hub.ask(phone.account)
    await phone.heard.until(events.Asked)
    await phone.line.ack("chl_1")
    await phone.line.decide("chl_1", "deny")
    await hub.say(Decided(id="chl_1", status="denied"))
    await phone.falls_asleep()

    await phone.sender.push(phone.subscription, phone.pushed(challenge))
    await phone.heard.until(events.Pushed)

    assert not any(isinstance(event, events.Woken) and event.by == "push" for event in phone.heard.all)


async def test_what_the_person_has_to_say_wakes_it(phone: SleepingPhone, hub: FakeHub) -> None:
    await phone.line.report("chl_1", "fraud")
    await phone.connects()

    assert (await hub.hears(Report)).reason == "fraud"
    assert (await phone.heard.until(events.Woken)).by == "person"


async def test_a_test_is_asked_for_so_late_that_it_finds_the_phone_asleep(
    phone: SleepingPhone, hub: FakeHub
) -> None:
    await phone.line.ask_test()
    await phone.connects()

    assert (await hub.hears(AskTest)).delay_s > 0


async def test_a_refused_subscription_says_what_to_set_and_the_phone_stays_awake(
    hub: FakeHub, memory: StateFile
) -> None:
    service = PushService()
    phone = SleepingPhone(hub, memory, service)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(phone.line.run())
        await phone.connects()
        refusal = ErrorMessage(code=ErrorCode.BAD_SUBSCRIPTION, detail="Only https is taken.")
        await hub.say(refusal)
        failed = await phone.heard.until(events.Failed)
        await hub.ask(phone.account)
        await phone.heard.until(events.Asked)
        task.cancel()
    service.close()

    assert f"HUB_PUSH_ALLOW={service.origin}" in failed.detail
    assert "Only https is taken." in failed.detail


async def test_a_phone_that_stays_awake_takes_back_what_one_that_slept_has_left(
    hub: FakeHub, memory: StateFile
) -> None:
    hub.push_subscribed = True
    memory.put(hub.account())
    line = Line(hub.account(), memory, Heard())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(line.run())
        await hub.hears(Authenticate)

        await hub.hears(UnsubscribePush)
        task.cancel()


async def test_each_start_subscribes_with_new_keys(hub: FakeHub, memory: StateFile) -> None:
    seen = set()
    for _ in range(2):
        async with sleeping(hub, memory) as phone:
            seen.add(phone.subscription.keys.p256dh)

    assert len(seen) == 2
