"""A phone without a socket: what it is told, how it waits, and what a nonce is good for."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub.adapters.vault_hkdf import Vault
from hub.domain.account import UserStatus
from hub.domain.ids import DeviceId
from hub.domain.secret import Secret
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.flows.base import device_topic
from tests.routes.acting import ADA, answer, person, refused
from tests.running import SECRET, ExchangePhone, Phone, RunningHub, until

PATH = "/api/v1/device/exchange"
NOBODY = "dev_01arz3ndektsv4rrffq69g5fav"


async def listens(hub: RunningHub, phone: Phone) -> bool:
    """Whether something listens for *phone*."""
    (count,) = await hub.services.bus.listeners(device_topic(DeviceId(phone.id)))
    return bool(count)


async def remove(hub: RunningHub, phone: Phone) -> None:
    """Take *phone* off its account."""
    async with hub.services.store.read() as tx:
        device = await tx.devices.get(DeviceId(phone.id))
    await hub.services.devices.remove(
        device.tenant_id, device.user_id, device.id, actor=AT_THE_COMMAND_LINE.actor
    )


# The nonce ----------------------------------------------------------------------------------------------


async def test_a_first_call_is_told_a_nonce_and_the_time(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        asked = await calls.call()

        said = refused(asked, 401, "use_nonce")
        answered = await calls.call()

        assert said.keys() >= {"nonce", "server_time"}
        assert asked.headers["cache-control"] == answered.headers["cache-control"] == "no-store"
        assert answered.status_code == 200
        assert answered.json().keys() == {"nonce", "server_time", "cursor", "messages"}


async def test_each_answer_has_the_next_nonce(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()

        answers = [await calls.call() for _ in range(5)]

        assert {each.status_code for each in answers} == {200}
        assert len({each.json()["nonce"] for each in answers}) == 5


async def test_a_nonce_is_good_once(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()
        used, body = calls.nonce, {"device_id": phone.id, "proof": phone.proof(calls.nonce)}
        assert (await calls.http.post(PATH, json=body)).status_code == 200

        replayed = await calls.http.post(PATH, json=body)
        calls.nonce = used
        proven_anew = await calls.call({"type": "rename", "name": "Taken"})

        refused(replayed, 401, "use_nonce")
        refused(proven_anew, 401, "use_nonce")
        await calls.say()
        assert calls.ready["device"]["name"] == "Pixel 9"


async def test_a_nonce_is_no_good_once_a_later_one_was_used(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as page, phone.exchanging() as worker:
        await page.call()
        await worker.say()

        late = await page.call()

        refused(late, 401, "use_nonce")
        assert (await page.call()).status_code == 200


async def test_a_nonce_lives_five_minutes(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()
        hub.clock.advance(299)
        assert (await calls.call()).status_code == 200
        hub.clock.advance(300)

        refused(await calls.call(), 401, "use_nonce")
        assert (await calls.call()).status_code == 200


async def test_a_nonce_is_for_one_device(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    other = await hub.phone(user)
    async with phone.exchanging() as calls, other.exchanging() as others:
        await calls.call()
        others.nonce = calls.nonce

        refused(await others.call(), 401, "use_nonce")


@pytest.mark.parametrize(
    "tampered",
    [
        lambda nonce: nonce[:-1] + ("A" if nonce[-1] != "A" else "B"),
        lambda nonce: f"9{nonce[1:]}",
        lambda nonce: f"{nonce}.",
        lambda nonce: nonce.partition(".")[0],
        lambda _: "",
        lambda _: "..",
        lambda _: "-1.x.y",
        lambda _: "\u0000.\u00fc.\U0001f511",
        lambda _: "9" * 4000,
    ],
)
async def test_a_nonce_that_the_hub_did_not_make_is_none(hub: RunningHub, tampered: Any) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.call()
        calls.nonce = tampered(calls.nonce)

        refused(await calls.call(), 401, "use_nonce")


@pytest.mark.parametrize(
    "proof",
    ["", "none", "a.b.c", "..", "e30.bnVsbA.e30", "e30.W1tbW1tb.e30", "e30.eyJub25jZSI6MX0.e30", "\u00fc"],
)
async def test_any_text_will_do_to_be_told_a_nonce(hub: RunningHub, proof: str) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        body = {"device_id": phone.id, "proof": proof}

        refused(await calls.http.post(PATH, json=body), 401, "use_nonce")


async def test_a_nonce_of_the_secret_key_before_is_good(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    rotated = Vault([Secret("a newer secret key, which signs from now on"), Secret(SECRET)])
    async with phone.exchanging() as calls:
        await calls.call()

        called = await replace(hub.services.exchange, vault=rotated).admit(
            DeviceId(phone.id), phone.proof(calls.nonce)
        )

        assert called.admitted.device.id == phone.id


# Who calls ----------------------------------------------------------------------------------------------


async def test_nobody_learns_which_devices_there_are(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    removed = await hub.phone((await person(hub, await hub.tenant("other")))[0])
    await remove(hub, removed)
    said = []
    for device_id in (phone.id, removed.id, NOBODY, "", "dev_\u00fc"):
        stranger = Phone(hub.url, now=hub.clock.now, facts={"device_id": device_id})
        async with stranger.exchanging() as calls:
            first, second = await calls.call(), await calls.call()
        refused(first, 401, "use_nonce")
        problem = refused(second, 401, "not_authenticated")
        said.append((first.json().keys(), len(first.json()["nonce"]), problem))

    assert all(each == said[0] for each in said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://other.test"},
        {"iss": NOBODY},
        {"iat": 0, "exp": 60},
        {"exp": 2**40},
    ],
)
async def test_a_proof_that_does_not_fit_is_refused_and_uses_nothing_up(
    hub: RunningHub, wrong: dict[str, Any]
) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.call()
        body = {"device_id": phone.id, "proof": phone.proof(calls.nonce, **wrong)}

        refused(await calls.http.post(PATH, json=body), 401, "not_authenticated")
        assert (await calls.call()).status_code == 200


async def test_another_key_opens_nothing(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.call()
        phone.key = ec.generate_private_key(ec.SECP256R1())

        refused(await calls.call({"type": "leave"}), 401, "not_authenticated")


async def test_a_removed_phone_is_told_so_once_it_has_proven_itself(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()
        await remove(hub, phone)

        refused(await calls.call(), 403, "device_removed")
        calls.nonce = "none"
        refused(await calls.call(), 401, "use_nonce")
        refused(await calls.call(), 403, "device_removed")


async def test_a_blocked_user_is_refused(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, phone = await person(hub, tenant)
    async with phone.exchanging() as calls:
        await calls.say()
        block = Changes(status=UserStatus.BLOCKED)
        await hub.services.administer.change_user(tenant.id, user.id, block, by=AT_THE_COMMAND_LINE)

        refused(await calls.call(), 401, "not_authenticated")


async def test_a_phone_that_calls_too_often_is_slowed_down(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    other = await hub.phone(user)
    async with phone.exchanging() as calls, other.exchanging() as others:
        await calls.say()
        answers = [await calls.call() for _ in range(119)]

        refused(await calls.call(), 429, "rate_limited")
        assert {each.status_code for each in answers} == {200}
        await others.say()


async def test_the_call_takes_what_a_call_takes_and_no_more(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        for body in ({}, {"device_id": phone.id}, {"device_id": phone.id, "proof": 1}):
            refused(await calls.http.post(PATH, json=body), 422, "invalid")
        refused(await calls.http.post(PATH, content=b"x" * 70_000), 413, "too_large")
        refused(await calls.call(*[{"type": "ack", "id": "x"}] * 21), 422, "invalid")
        refused(await calls.call(wait="soon"), 422, "invalid")
        elsewhere = {"Origin": "https://evil.test"}
        refused(await calls.http.post(PATH, json={}, headers=elsewhere), 403, "bad_origin")


# What is told -------------------------------------------------------------------------------------------


async def test_what_is_told_first_is_what_a_socket_is_told_first(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    await hub.browser().start()
    async with phone.exchanging() as calls, phone.connected() as device:
        await calls.say()

        assert calls.ready == device.ready
        assert len(calls.ready["pending"]) == 1


async def test_messages_are_taken_in_order_and_a_bad_one_costs_no_other(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        replies = await calls.say(
            {"type": "rename", "name": "First"},
            {"type": "ack"},
            "ack",
            {"type": "dance"},
            {"type": "authenticate", "device_id": "x", "proof": "x"},
            {"type": "ack", "id": NOBODY},
            {"type": "rename", "name": "Second", "later": "addition"},
        )

        told = [each.get("code", each["type"]) for each in replies]
        assert told == ["renamed", "malformed", "malformed", "unknown_type", "not_found", "renamed"]
        assert calls.ready["device"]["name"] == "Second"


async def test_a_call_leaves_the_phones_socket_alone(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.connected() as device, phone.exchanging() as calls:
        await calls.say()
        await calls.say({"type": "rename", "name": "Old phone"})

        await hub.browser().start()

        assert (await device.next())["type"] == "challenge"


async def test_who_leaves_is_told_and_is_nobody_after_that(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    await hub.browser().start()
    async with phone.exchanging() as calls:
        replies = await calls.say({"type": "leave"}, {"type": "rename", "name": "Ghost"})

        assert replies == [{"type": "left"}]
        assert calls.ready["pending"] == []
        refused(await calls.call(), 403, "device_removed")


# Waiting ------------------------------------------------------------------------------------------------


async def waiting(hub: RunningHub, calls: ExchangePhone) -> "asyncio.Task[list[dict[str, Any]]]":
    """Let *calls* wait for something new."""
    await calls.say()
    task = asyncio.create_task(calls.wait())
    await until(lambda: listens(hub, calls.phone))
    return task


async def test_a_wait_ends_with_a_request(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        wait = await waiting(hub, calls)

        begun = await hub.browser().start()

        assert await wait == []
        assert [each["id"] for each in calls.ready["pending"]] == [begun["challenge"]["id"]]


async def test_a_phone_that_waits_is_one_that_listens(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    browser = hub.browser()
    async with phone.exchanging() as calls:
        wait = await waiting(hub, calls)

        begun = await browser.start()

        assert begun["challenge"]["delivery"] == "sending"
        await wait
        await calls.say({"type": "ack", "id": begun["challenge"]["id"]})
        assert (await browser.look()).json()["challenge"]["delivery"] == "shown"


async def test_a_wait_ends_with_what_became_of_a_request(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    other = await hub.phone(user)
    browser = hub.browser()
    await browser.start()
    async with phone.exchanging() as calls:
        wait = await waiting(hub, calls)
        challenge_id = calls.ready["pending"][0]["id"]

        await answer(other, browser)

        assert await wait == [{"type": "resolved", "id": challenge_id, "status": "approved"}]
        assert calls.ready["pending"] == []
        assert await calls.say(since=calls.cursor) == []


async def test_what_ended_between_two_calls_is_told_at_once(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    browser = hub.browser()
    await browser.start()
    async with phone.exchanging() as calls:
        await calls.say()
        challenge_id = calls.ready["pending"][0]["id"]
        await browser.again("cancel")

        told = await calls.wait()

        assert told == [{"type": "resolved", "id": challenge_id, "status": "cancelled"}]


async def test_what_the_phone_itself_decided_is_told_once(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    await hub.browser().start()
    async with phone.exchanging() as calls:
        await calls.say()
        (card,) = calls.ready["pending"]
        decision = {"type": "decide", "decision": phone.decision(card["request"], "deny")}

        told = await calls.say(decision, since=calls.cursor)

        assert told == [{"type": "decided", "id": card["id"], "status": "denied"}]


async def test_a_wait_ends_by_time(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()

        assert await calls.wait(1) == []
        assert not await listens(hub, phone)


async def test_a_wait_ends_with_removal(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()
        wait = asyncio.create_task(calls.call(wait=25, since=calls.cursor))
        await until(lambda: listens(hub, phone))

        await remove(hub, phone)

        refused(await wait, 403, "device_removed")


async def test_a_wait_ends_as_the_process_stops(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        wait = await waiting(hub, calls)

        hub.services.draining.begin()

        assert await wait == []


@pytest.mark.parametrize("since", ["", "0", "1.", "1.chl_x", f"2.{NOBODY}", "1" + ".chl_" * 30, "\u00fc"])
async def test_a_cursor_that_cannot_be_read_is_none(hub: RunningHub, since: str) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        async with asyncio.timeout(5):
            assert await calls.say(wait=25, since=since) == []


async def test_a_forged_cursor_tells_nothing_of_others(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    await person(hub, tenant)
    _, other = await person(hub, tenant, "eve@demo.test")
    browser = hub.browser()
    begun = await browser.start(ADA)
    await browser.again("cancel")
    async with other.exchanging() as calls:
        told = await calls.say(wait=25, since=f"1.{begun['challenge']['id']}")

        assert told == []


async def test_waits_are_counted_by_address(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with phone.exchanging() as calls:
        await calls.say()
        hub.services.long_polls.taken["127.0.0.1"] = hub.services.long_polls.most or 0

        refused(await calls.call(wait=25, since=calls.cursor), 429, "rate_limited")
        await calls.say(since=calls.cursor)
