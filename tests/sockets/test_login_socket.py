"""What a waiting browser sees of its sign-in (PROTOCOL §3)."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub.protocol import parse_time
from tests.running import JSON, LOGIN, MSGPACK, Browser, LoginSocket, RunningHub, until
from tests.sockets import forging
from tests.sockets.world import Someone, asked, someone

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP, OTHER_APP = "https://app.example", "https://other.example"


@asynccontextmanager
async def knocking(
    hub: RunningHub, origin: str | None = None, offered: tuple[str, ...] = (LOGIN,)
) -> AsyncIterator[ClientConnection]:
    """Connect, as a page of *origin*, and say nothing."""
    address = hub.url.replace("http", "ws", 1) + "/ws/login"
    async with websockets.connect(
        address, subprotocols=list(offered) or None, compression=None, proxy=None, origin=origin
    ) as connection:
        yield connection


async def refused(hub: RunningHub, origin: str | None = None, *offered: str) -> tuple[int, str]:
    """Return the HTTP status and the code that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        async with knocking(hub, origin, offered):
            pass
    response = refusal.value.response
    return response.status_code, json.loads(response.body or b"")["code"]


async def watched(connection: ClientConnection, ticket: Any, **more: Any) -> dict[str, Any] | int:
    """Send ``watch``; return the first message, or the code that the hub closes with."""
    await connection.send(json.dumps({"type": "watch", "ticket": ticket, **more}))
    try:
        return await LoginSocket(connection).next()
    except ConnectionClosed:
        assert connection.close_code is not None
        return connection.close_code


def ticket_of(browser: Browser) -> str:
    ticket: str = browser.answer["socket"]["ticket"]
    return ticket


@asynccontextmanager
async def waiting(who: Someone) -> AsyncIterator[Browser]:
    """A browser has begun a sign-in; the phone is off."""
    async with who.browser() as browser:
        await browser.start(who.user.email)
        yield browser


# Origin and subprotocol ---------------------------------------------------------------------------------


async def test_a_page_of_the_hub_and_a_program_without_origin_may_watch(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser:
        for origin in (hub.url, None):
            async with knocking(hub, origin) as connection:
                state = await watched(connection, ticket_of(browser))

                assert isinstance(state, dict)
                assert (connection.subprotocol, state["type"]) == (LOGIN, "state")


@pytest.mark.parametrize(
    "origin",
    [
        lambda hub: "https://evil.example",
        lambda hub: "null",
        lambda hub: hub.url.replace("http", "https", 1),
        lambda hub: hub.url + "0",
        lambda hub: hub.url.upper(),
        lambda hub: hub.url.replace("127.0.0.1", "localhost"),
        lambda hub: hub.url + "/",
        lambda hub: "https://app.example.evil.example",
    ],
)
async def test_a_foreign_page_is_refused_before_it_says_anything(
    hub: RunningHub, origin: Callable[[RunningHub], str]
) -> None:
    await someone(hub, allowed_origins=(APP,))

    assert await refused(hub, origin(hub), LOGIN) == (403, "bad_origin")


async def test_a_page_that_the_tenant_allows_may_watch(hub: RunningHub) -> None:
    async with waiting(await someone(hub, allowed_origins=(APP,))) as browser, knocking(hub, APP) as page:
        state = await watched(page, ticket_of(browser))

        assert isinstance(state, dict)
        assert state["type"] == "state"


async def test_a_page_that_another_tenant_allows_may_knock_but_not_watch(hub: RunningHub) -> None:
    await someone(hub, allowed_origins=(OTHER_APP,))
    async with (
        waiting(await someone(hub, allowed_origins=(APP,))) as browser,
        knocking(hub, OTHER_APP) as page,
    ):
        assert await watched(page, ticket_of(browser)) == 4401


@pytest.mark.parametrize("offered", [(), (JSON,), (MSGPACK,), ("lumo.login.v2.json",)])
async def test_without_its_subprotocol_the_handshake_is_refused(
    hub: RunningHub, offered: tuple[str, ...]
) -> None:
    assert (await refused(hub, hub.url, *offered))[0] == 400


# Tickets ------------------------------------------------------------------------------------------------


def claims_of(ticket: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(ticket.split(".")[1] + "=="))
    return claims


def signed_with(secret: bytes) -> Callable[[str], str]:
    """Sign the ticket anew."""

    def forge(ticket: str) -> str:
        unsigned = ticket.rpartition(".")[0]
        signature = hmac.digest(secret, unsigned.encode(), hashlib.sha256)
        return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return forge


FORGED: dict[str, Callable[[str], str]] = {
    "empty": lambda ticket: "",
    "no token": lambda ticket: "let me watch",
    "alg none": forging.without_algorithm,
    "alg none, signed": forging.without_algorithm_but_signed,
    "signed with nothing": signed_with(b""),
    "signed with another secret": signed_with(b"the secret of another hub, long enough"),
    "another login": lambda ticket: forging.with_changed_claims(ticket, sub="lgn_01arz3ndektsv4rrffq69g5fav"),
    "a longer life": lambda ticket: forging.with_changed_claims(ticket, exp=claims_of(ticket)["exp"] + 600),
    "cut short": lambda ticket: ticket[:-1],
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_ticket_opens_nothing(hub: RunningHub, forge: Callable[[str], str]) -> None:
    async with waiting(await someone(hub)) as browser, knocking(hub, hub.url) as page:
        assert await watched(page, forge(ticket_of(browser))) == 4401


async def test_another_token_of_the_hub_is_no_ticket(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question, knocking(hub, hub.url) as page:
        assert await watched(page, question.request) == 4401


async def test_a_ticket_outlives_its_login_by_a_minute_for_the_last_word(hub: RunningHub) -> None:
    who = await someone(hub)
    async with waiting(who) as browser:
        hub.clock.advance(590)
        async with knocking(hub, hub.url) as page:
            in_time = await watched(page, ticket_of(browser))
        hub.clock.advance(11)
        async with knocking(hub, hub.url) as page:
            just_over = await watched(page, ticket_of(browser))
        hub.clock.advance(60)
        async with knocking(hub, hub.url) as page:
            too_late = await watched(page, ticket_of(browser))

        assert isinstance(in_time, dict)
        assert isinstance(just_over, dict)
        assert just_over["step"] == "failed"
        assert too_late == 4401


async def test_fields_that_the_hub_does_not_know_are_ignored(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser, knocking(hub, hub.url) as page:
        assert isinstance(await watched(page, ticket_of(browser), later="addition"), dict)


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[]", "{}", '{"type":"watch"}', '{"type":"watch","ticket":1}', '{"type":"knock"}', b"{}"],
)
async def test_what_is_not_watch_ends_it(hub: RunningHub, frame: str | bytes) -> None:
    async with knocking(hub, hub.url) as page:
        await page.send(frame)

        await until(lambda: page.close_code)
        assert page.close_code == 4400


async def test_a_large_frame_ends_it(hub: RunningHub) -> None:
    async with waiting(await someone(hub)), knocking(hub, hub.url) as page:
        await page.send("x" * (16 * 1024 + 1))

        await until(lambda: page.close_code)
        assert page.close_code == 1009


async def test_a_page_that_floods_is_shown_out(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser, browser.watching() as page:
        await page.next()
        with pytest.raises(ConnectionClosed):
            await _chatter(page)

        assert page.connection.close_code == 4429


async def _chatter(page: LoginSocket) -> None:
    for _ in range(5000):
        await page.connection.send("{}")
    await page.next()


async def test_a_page_that_says_more_than_it_must_is_left_alone(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser, browser.watching() as page:
        await page.next()
        for _ in range(5):
            await page.connection.send("not JSON")

        await browser.again("cancel")
        assert (await page.until("resolved"))["status"] == "cancelled"


# State --------------------------------------------------------------------------------------------------


async def test_the_state_comes_at_once_and_says_what_the_call_said(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question, question.browser.watching() as page:
        state = await page.next()

        answer = question.browser.answer
        assert state == {
            "type": "state",
            "step": "push",
            "challenge": {
                "id": question.id,
                "status": "pending",
                "match": {"digits": question.digits},
                "expires_at": state["challenge"]["expires_at"],
                "delivery": "sending",
            },
            "methods": ["push", "password"],
            "push_after": state["push_after"],
            "version": answer["version"],
        }
        assert {name: value for name, value in state.items() if name != "type"} == {
            name: value for name, value in answer.items() if name not in ("login_id", "socket")
        }
        left = parse_time(state["challenge"]["expires_at"]) - hub.clock.now()
        assert timedelta(seconds=110) < left <= timedelta(seconds=120)


async def test_without_a_number_there_is_no_match(hub: RunningHub) -> None:
    async with waiting(await someone(hub, match="off")) as browser, browser.watching() as page:
        assert "match" not in (await page.next())["challenge"]


async def test_a_phone_that_is_off_is_unreachable(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser, browser.watching() as page:
        assert (await page.next())["challenge"]["delivery"] == "unreachable"


async def test_every_page_that_watches_is_told(hub: RunningHub) -> None:
    async with (
        asked(await someone(hub)) as question,
        question.browser.watching() as first,
        question.browser.watching() as second,
    ):
        await question.answer()

        for page in (first, second):
            assert (await page.until("resolved"))["status"] == "approved"


@pytest.mark.parametrize("ending", ["approved", "denied", "cancelled"])
async def test_the_end_comes_as_state_then_resolved_then_1000(hub: RunningHub, ending: str) -> None:
    async with asked(await someone(hub)) as question, question.browser.watching() as page:
        await page.next()

        if ending == "cancelled":
            await question.browser.again("cancel")
        else:
            await question.device.decide(
                question.request, "approve" if ending == "approved" else "deny", question.digits
            )
        state, resolved = await page.next(), await page.next()

        assert state["step"] == ("approved" if ending == "approved" else "failed")
        assert state["challenge"]["status"] == ending
        assert "match" not in state["challenge"]
        assert resolved == {"type": "resolved", "status": ending}
        await until(lambda: page.connection.close_code)
        assert page.connection.close_code == 1000


@pytest.mark.parametrize("ending", ["approved", "done", "denied", "cancelled", "expired"])
async def test_who_watches_what_is_over_is_told_all_of_it(hub: RunningHub, ending: str) -> None:
    who = await someone(hub)
    async with asked(who) as question:
        ticket = ticket_of(question.browser)
        if ending == "cancelled":
            await question.browser.again("cancel")
        elif ending == "denied":
            await question.device.decide(question.request, "deny")
        else:
            await question.answer()
        if ending == "done":
            assert (await question.browser.again("complete")).status_code == 200
        if ending == "expired":
            # An approval that nobody came for within a minute.
            hub.clock.advance(61)

        async with knocking(hub, hub.url) as connection:
            state = await watched(connection, ticket)
            resolved = await LoginSocket(connection).next()
            await until(lambda: connection.close_code)

        assert isinstance(state, dict)
        steps = {"approved": "approved", "done": "done"}
        assert (state["type"], state["step"]) == ("state", steps.get(ending, "failed"))
        assert resolved == {"type": "resolved", "status": "approved" if ending == "done" else ending}
        assert connection.close_code == 1000


async def test_an_expired_challenge_is_a_state_and_not_the_end(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question, question.browser.watching() as page:
        await page.next()

        hub.clock.advance(121)
        state = await page.next()
        await question.browser.look()

        assert (state["type"], state["step"], state["challenge"]["status"]) == ("state", "push", "expired")
        assert "match" not in state["challenge"]
        assert (await question.browser.again("push")).status_code == 200
        fresh = await page.next()
        assert (fresh["type"], fresh["step"], fresh["challenge"]["status"]) == ("state", "push", "pending")
        assert fresh["challenge"]["id"] != question.id


async def test_a_fresh_push_is_a_state_with_a_new_challenge(hub: RunningHub) -> None:
    async with asked(await someone(hub)) as question, question.browser.watching() as page:
        await page.next()

        hub.clock.advance(61)
        await question.browser.again("push")
        state = await page.until("state", challenge=question.browser.answer["challenge"])
        card = await question.device.until("challenge")
        decided = await question.device.decide(card["request"], match=state["challenge"]["match"]["digits"])

        assert state["challenge"]["id"] == card["id"] != question.id
        assert decided["status"] == "approved"
        assert (await page.until("resolved"))["status"] == "approved"


async def test_a_login_that_nobody_ends_is_resolved_as_expired(hub: RunningHub) -> None:
    async with waiting(await someone(hub)) as browser, browser.watching() as page:
        await page.next()

        hub.clock.advance(601)
        state = await page.until("state", step="failed")
        resolved = await page.next()

        assert state["step"] == "failed"
        assert resolved == {"type": "resolved", "status": "expired"}
        await until(lambda: page.connection.close_code)
        assert page.connection.close_code == 1000


async def test_a_login_at_its_password_may_be_watched_too(hub: RunningHub) -> None:
    who = await someone(hub, push_mode="second_factor")
    async with waiting(who) as browser, browser.watching() as page:
        state = await page.next()

        assert state["step"] == "password"
        assert "challenge" not in state


async def test_an_address_that_nobody_has_is_watched_like_any_other(hub: RunningHub) -> None:
    who = await someone(hub)
    async with who.browser() as browser:
        for each in range(20):
            answer = await browser.start(f"nobody{each}@demo.test")
            if answer["step"] == "push":
                break
        async with browser.watching() as page:
            state = await page.next()
            hub.clock.advance(121)
            later = await page.until("state", step="push")

        assert state["challenge"]["status"] == "pending"
        assert later["type"] == "state"
