"""Phones without a socket are woken by web push, and hear when it is over; over real sockets throughout."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from hub.domain.account import UserStatus
from hub.domain.decoy import Course
from hub.domain.login import Step
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.flows.base import OPERATOR
from hub.flows.wake import Unsent
from hub.ports import PushResult
from tests.push.asleep import hub_that_pushes, sleeping_phone, subscribed
from tests.push.service import PushService
from tests.routes.acting import ADA, answer, audit, nobody, rows
from tests.running import Browser, RunningHub, running_hub, until

Pushing = tuple[RunningHub, PushService]


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Pushing]:
    """A hub and its push service."""
    async with hub_that_pushes(tmp_path) as both:
        yield both


async def delivery(browser: Browser) -> str:
    """Return what the page says of the phone."""
    said: str = (await browser.look()).json()["challenge"]["delivery"]
    return said


async def becomes(browser: Browser, wanted: str) -> None:
    """Wait until the page says *wanted* of the phone."""

    async def said() -> bool:
        return await delivery(browser) == wanted

    await until(said)


async def sweeps(hub: RunningHub) -> None:
    """Wait until the sweeper has come by: it links the audit log, then it wakes phones."""
    for _ in range(2):
        await hub.services.administer.create_tenant(f"t{uuid.uuid4().hex}", "Another")
        await until(lambda: rows(hub, "SELECT count(*) FROM audit_unsealed") == [(0,)])


# Asked --------------------------------------------------------------------------------------------------


async def test_a_phone_without_a_socket_is_pushed_at_once(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    _, box = await sleeping_phone(hub, service, user)
    async with hub.browser() as browser:
        begun = await browser.start()

        await until(lambda: box.received, within_s=1)

        assert begun["challenge"]["delivery"] == "sending"
        (message,) = box.messages()
        request = message.pop("request")
        assert message == {"type": "challenge", "id": begun["challenge"]["id"], "account": user.id}
        claims = jwt.decode(request, options={"verify_signature": False})
        assert (claims["jti"], claims["aud"], claims["kind"]) == (message["id"], user.id, "login")


async def test_every_push_says_how_long_how_urgent_from_whom_and_in_place_of_what(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    _, box = await sleeping_phone(hub, service, user)
    async with hub.browser() as browser:
        begun = await browser.start()
        await until(lambda: box.received)
        await browser.again("cancel")
        await until(lambda: len(box.received) == 2)

    asked, over = box.received
    assert box.refused == []
    for push in (asked, over):
        assert push.headers["urgency"] == "high"
        assert push.headers["content-encoding"] == "aes128gcm"
        token = push.headers["authorization"].split("t=")[1].split(",")[0]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["aud"] == service.origin
        assert claims["sub"] == "mailto:operator@localhost"
        left = datetime.fromtimestamp(claims["exp"], UTC) - hub.clock.now()
        assert timedelta(hours=1) < left <= timedelta(hours=24)
    expires_at = datetime.fromisoformat(begun["challenge"]["expires_at"])
    assert 0 <= (expires_at - hub.clock.now()).total_seconds() + 5 - asked.ttl_s < 10
    assert asked.ttl_s <= 120
    # One topic for both: who slept through the request hears of its end alone.
    assert asked.topic == over.topic
    assert begun["challenge"]["id"] not in asked.topic


async def test_a_woken_phone_shows_it_and_approves(pushing: Pushing) -> None:
    hub, service = pushing
    phone, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: box.received)
        async with phone.connected() as device:
            await device.send({"type": "ack", "id": device.ready["pending"][0]["id"]})
            await becomes(browser, "shown")
        assert (await answer(phone, browser))["status"] == "approved"

        assert (await browser.again("complete")).status_code == 200

    # Whoever decided need not be told.
    await until(lambda: len(hub.services.wake.line) == 0)
    assert [message["type"] for message in box.messages()] == ["challenge"]


async def test_what_a_listening_phone_does_not_show_in_two_seconds_is_pushed(pushing: Pushing) -> None:
    hub, service = pushing
    phone, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    async with phone.connected(), hub.browser() as browser:
        await browser.start()
        hub.clock.advance(1)
        await sweeps(hub)
        assert box.received == []

        hub.clock.advance(1)
        await until(lambda: box.received)

        hub.clock.advance(20)
        assert await delivery(browser) == "sending"


async def test_what_a_listening_phone_shows_is_not_pushed(pushing: Pushing) -> None:
    hub, service = pushing
    phone, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    async with phone.connected() as device, hub.browser() as browser:
        await browser.start()
        card = await device.until("challenge")
        await device.send({"type": "ack", "id": card["id"]})
        await becomes(browser, "shown")

        hub.clock.advance(3)
        await sweeps(hub)

        assert box.received == []


async def test_only_one_of_two_processes_pushes(pushing: Pushing) -> None:
    hub, service = pushing
    phone, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    async with phone.connected(), hub.browser() as browser:
        await browser.start()
        hub.clock.advance(2)
        async with running_hub(
            hub.settings.database_url,
            clock=hub.clock,
            migrated=True,
            public_url=hub.url,
            push_allow=(service.origin,),
        ) as other:
            await sweeps(hub)
            await sweeps(other)
            await until(lambda: box.received)

            results = hub.services.wake.results + other.services.wake.results
            assert results == {PushResult.TAKEN: 1}
        assert len(box.received) == 1


async def test_a_request_too_long_for_a_push_is_left_out(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    phone, box = await sleeping_phone(hub, service, user)
    async with phone.connected(), hub.browser() as browser:
        begun = await browser.start()
        rows(hub, f"UPDATE challenges SET request = '{'j' * 3950}'")

        hub.clock.advance(2)
        await until(lambda: box.received)

    (message,) = box.messages()
    assert message == {"type": "challenge", "id": begun["challenge"]["id"], "account": user.id}


# Over ---------------------------------------------------------------------------------------------------


async def test_the_others_hear_who_was_faster(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    fast, fast_box = await sleeping_phone(hub, service, user, name="Fast")
    _, slow_box = await sleeping_phone(hub, service, user, name="Slow")
    async with hub.browser() as browser:
        begun = await browser.start()
        await until(lambda: fast_box.received and slow_box.received)

        await answer(fast, browser, "deny")

        await until(lambda: len(slow_box.received) == 2)
        told = slow_box.messages()[1]
        assert told == {
            "type": "resolved",
            "id": begun["challenge"]["id"],
            "status": "denied",
            "account": user.id,
        }
        assert len(fast_box.received) == 1


async def test_running_out_and_being_replaced_are_told(pushing: Pushing) -> None:
    hub, service = pushing
    _, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: len(box.received) == 1)
        hub.clock.advance(61)
        await browser.again("push")
        await until(lambda: len(box.received) == 3)
        hub.clock.advance(121)
        await until(lambda: len(box.received) == 4)

    said = [(message["type"], message.get("status")) for message in box.messages()]
    assert sorted(said[:3], key=str) == [("challenge", None), ("challenge", None), ("resolved", "cancelled")]
    assert said[3] == ("resolved", "expired")


async def test_a_person_shut_out_is_told_that_it_is_over(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    _, box = await sleeping_phone(hub, service, user)
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: box.received)

        await hub.services.administer.change_user(
            user.tenant_id, user.id, Changes(status=UserStatus.BLOCKED), by=AT_THE_COMMAND_LINE
        )

        await until(lambda: len(box.received) == 2)
        assert box.messages()[1]["status"] == "cancelled"


async def test_a_removed_phone_hears_nothing_more(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    phone, box = await sleeping_phone(hub, service, user)
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: box.received)
        await hub.services.devices.remove(user.tenant_id, user.id, phone.id, actor=OPERATOR)

        await browser.again("cancel")
        await until(lambda: len(hub.services.wake.line) == 0)

        assert len(box.received) == 1
        assert rows(hub, "SELECT subscription FROM devices") == [(None,)]


# What the page says -------------------------------------------------------------------------------------


async def test_without_socket_and_subscription_the_page_says_so_at_once(pushing: Pushing) -> None:
    hub, _ = pushing
    await hub.phone(await hub.user(await hub.tenant()))
    async with hub.browser() as browser:
        assert (await browser.start())["challenge"]["delivery"] == "unreachable"


async def test_a_listening_phone_without_subscription_has_its_ten_seconds(pushing: Pushing) -> None:
    hub, _ = pushing
    phone = await hub.phone(await hub.user(await hub.tenant()))
    async with phone.connected(), hub.browser() as browser:
        assert (await browser.start())["challenge"]["delivery"] == "sending"
        hub.clock.advance(3)
        await until(lambda: rows(hub, "SELECT 1 FROM challenges WHERE pushed_to IS NOT NULL"))
        assert await delivery(browser) == "sending"

        hub.clock.advance(7)

        assert await delivery(browser) == "unreachable"


async def test_a_push_that_fails_for_good_is_said_at_once_to_whoever_waits(pushing: Pushing) -> None:
    hub, service = pushing
    _, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    box.expire()
    async with hub.browser() as browser:
        await browser.start()
        async with browser.watching() as page:
            said = await page.until("state")
            if said["challenge"]["delivery"] == "sending":
                said = await page.until("state")

            assert said["challenge"]["delivery"] == "unreachable"


async def test_where_one_of_two_pushes_is_taken_the_page_still_hopes(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    phone, good = await sleeping_phone(hub, service, user)
    _, bad = await sleeping_phone(hub, service, user, name="Gone")
    bad.expire()
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: good.received and bad.received)
        await until(lambda: audit(hub, "device.push_lost"))

        assert await delivery(browser) == "sending"
        async with phone.connected() as device:
            await device.send({"type": "ack", "id": device.ready["pending"][0]["id"]})
            await becomes(browser, "shown")


async def test_a_phone_that_shows_it_after_all_wins_over_a_failed_push(pushing: Pushing) -> None:
    hub, service = pushing
    phone, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    box.expire()
    async with hub.browser() as browser:
        await browser.start()
        await becomes(browser, "unreachable")

        async with phone.connected() as device:
            await device.send({"type": "ack", "id": device.ready["pending"][0]["id"]})

            await becomes(browser, "shown")


# Subscriptions ------------------------------------------------------------------------------------------


async def test_a_subscription_that_is_gone_is_forgotten_and_the_phone_hears_of_it(pushing: Pushing) -> None:
    hub, service = pushing
    tenant = await hub.tenant()
    phone, box = await sleeping_phone(hub, service, await hub.user(tenant))
    box.expire()
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: audit(hub, "device.push_lost"))

    assert audit(hub, "device.push_lost") == [{"device": phone.id, "name": phone.name, "why": "gone"}]
    assert rows(hub, "SELECT subscription FROM devices") == [(None,)]
    async with phone.connected() as device:
        assert device.ready["push_subscribed"] is False


async def test_a_new_subscription_is_not_forgotten_for_the_old_ones_sake(pushing: Pushing) -> None:
    hub, service = pushing
    phone, old = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    new = service.subscribe(hub.services.pusher.public_key)
    old.answer(410, after_s=0.5)
    async with hub.browser() as browser:
        await browser.start()
        await until(lambda: old.received)
        await subscribed(hub, phone, new.subscription)
        await until(lambda: hub.services.wake.results[PushResult.GONE])

        async with phone.connected() as device:
            assert device.ready["push_subscribed"] is True
        assert audit(hub, "device.push_lost") == []


async def test_a_subscription_is_sealed_in_the_database(pushing: Pushing) -> None:
    hub, service = pushing
    _, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))

    ((stored,),) = rows(hub, "SELECT subscription FROM devices")

    assert box.endpoint not in stored
    assert box.subscription["keys"]["auth"] not in stored


# Tests --------------------------------------------------------------------------------------------------


async def test_a_test_request_for_later_finds_the_phone_asleep(pushing: Pushing) -> None:
    hub, service = pushing
    user = await hub.user(await hub.tenant())
    phone, box = await sleeping_phone(hub, service, user)
    _, other_box = await sleeping_phone(hub, service, user, name="Other")
    async with phone.connected() as device:
        await device.send({"type": "test", "delay_s": 30})
        asked = await device.until("test_asked")
    await sweeps(hub)
    assert box.received == []

    hub.clock.advance(31)
    await until(lambda: box.received)

    assert box.messages()[0]["id"] == asked["id"]
    assert other_box.received == []


# Strangers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "deliveries"),
    [
        (Course.BY_SOCKET, ("sending", "shown", "shown")),
        (Course.BY_PUSH, ("sending", "sending", "shown")),
        (Course.ASLEEP, ("sending", "sending", "sending")),
        (Course.UNREACHED, ("unreachable", "unreachable", "unreachable")),
    ],
)
async def test_a_stranger_sees_the_courses_that_sleeping_phones_take(
    hub: RunningHub, course: Course, deliveries: tuple[str, str, str]
) -> None:
    await hub.tenant()
    async with hub.browser() as browser:
        begun = await browser.start(nobody(hub, Step.PUSH, course=course))
        hub.clock.advance(0.96 - 0.12 * (course is Course.BY_PUSH))
        after_a_moment = await delivery(browser)
        hub.clock.advance(10)

        assert (begun["challenge"]["delivery"], after_a_moment, await delivery(browser)) == deliveries


# The line -----------------------------------------------------------------------------------------------


async def test_what_finds_no_room_is_counted_and_the_page_says_that_no_phone_is_reached(
    pushing: Pushing,
) -> None:
    hub, service = pushing
    _, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
    hub.services.wake.line.waiting = 0
    async with hub.browser() as browser:
        begun = await browser.start(ADA)

        assert begun["challenge"]["delivery"] == "unreachable"
        assert hub.services.wake.results == {Unsent.NO_ROOM: 1}
        assert box.received == []
