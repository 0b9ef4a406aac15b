"""A phone's line to its hub, over real sockets."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import jwt
import pytest

from hub.protocol import (
    Ack,
    Authenticate,
    Close,
    Decide,
    Decided,
    DecisionClaims,
    ErrorCode,
    ErrorMessage,
    Report,
    Reported,
    Resolved,
    Subprotocol,
)
from mobile_sim import events
from mobile_sim.client import Line
from mobile_sim.device import Account
from mobile_sim.state import StateFile
from tests.sim.hearing import Heard, Soon
from tests.sim.other_side import ADA, WITHIN_S, FakeHub, Signing


class Phone:
    """One running line."""

    def __init__(self, hub: FakeHub, memory: StateFile, subprotocol: Subprotocol) -> None:
        self.hub = hub
        self.account: Account = hub.account()
        memory.put(self.account)
        self.heard = Heard()
        self.line = Line(self.account, memory, self.heard, subprotocol=subprotocol, chance=Soon())


@contextlib.asynccontextmanager
async def running(phone: Phone) -> AsyncIterator[Phone]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(phone.line.run())
        await phone.hub.arrival()
        await phone.hub.hears(Authenticate)
        await phone.heard.until(events.Ready)
        try:
            yield phone
        finally:
            task.cancel()


@pytest.fixture(params=[Subprotocol.DEVICE_MSGPACK, Subprotocol.DEVICE_JSON])
async def both(request: pytest.FixtureRequest, hub: FakeHub, memory: StateFile) -> AsyncIterator[Phone]:
    async with running(Phone(hub, memory, request.param)) as phone:
        yield phone


@pytest.fixture
async def phone(hub: FakeHub, memory: StateFile) -> AsyncIterator[Phone]:
    async with running(Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)) as phone:
        yield phone


async def test_a_request_is_shown_acknowledged_approved_and_over(both: Phone, hub: FakeHub) -> None:
    challenge = await hub.ask(both.account, match="required")
    asked = await both.heard.until(events.Asked)
    await both.line.ack("chl_1")
    await both.line.decide("chl_1", "approve", pin="2580", match="482917")
    ack, decide = await hub.hears(Ack), await hub.hears(Decide)
    await hub.say(Decided(id="chl_1", status="approved"))

    assert (await both.heard.until(events.Decided)).status == "approved"
    assert asked.request.jws == challenge.request
    assert (ack.id, decide.pin) == ("chl_1", "2580")
    assert both.line.cards.open == {}


async def test_a_denial_carries_no_pin_and_its_reason_follows(phone: Phone, hub: FakeHub) -> None:
    await hub.ask(phone.account)
    await phone.heard.until(events.Asked)
    await phone.line.decide("chl_1", "deny", pin="2580")
    decide = await hub.hears(Decide)
    await hub.say(Decided(id="chl_1", status="denied"))
    await phone.heard.until(events.Decided)
    await phone.line.report("chl_1", "fraud")
    report = await hub.hears(Report)
    await hub.say(Reported(id="chl_1"))

    assert (await phone.heard.until(events.Reported)).id == "chl_1"
    assert decide.pin is None
    assert report.reason == "fraud"


async def test_a_request_for_somebody_else_is_neither_shown_nor_answered(phone: Phone, hub: FakeHub) -> None:
    await hub.ask(phone.account, aud="usr_2")
    refused = await phone.heard.until(events.Refused)
    await phone.line.ack("chl_1")
    await phone.line.decide("chl_1", "approve", pin="2580")
    await hub.ask(phone.account, jti="chl_2")
    await phone.heard.until(events.Asked)
    await phone.line.ack("chl_2")

    assert "somebody else" in refused.why
    assert (await hub.hears(Ack)).id == "chl_2"


async def test_a_new_key_of_the_hub_is_fetched_once_a_minute_and_kept(
    phone: Phone, hub: FakeHub, memory: StateFile
) -> None:
    new, forged = Signing("hub-2"), Signing("hub-3")
    hub.published.append(new)
    await hub.say(hub.challenge(phone.account, by=new))
    await phone.heard.until(events.Asked)
    await hub.say(hub.challenge(phone.account, by=forged, jti="chl_2"))
    refused = await phone.heard.until(events.Refused)

    assert "does not know" in refused.why
    assert hub.key_fetches == 1
    assert [key["kid"] for key in memory.accounts()[0].jwks["keys"]] == ["hub-1", "hub-2"]


async def test_what_is_pending_at_the_start_is_shown_once(hub: FakeHub, memory: StateFile) -> None:
    phone = Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)
    hub.pending = [hub.challenge(phone.account)]

    async with running(phone):
        await phone.heard.until(events.Asked)
        await hub.say(hub.pending[0])
        await hub.ask(phone.account, jti="chl_2")
        asked = await phone.heard.until(events.Asked)

    assert asked.request.id == "chl_2"


@pytest.mark.parametrize("code", [1001, 1009, 1012, 1013, 4400, 4408, 4429])
async def test_it_reconnects_after(code: int, phone: Phone, hub: FakeHub) -> None:
    await hub.close(code)

    assert (await phone.heard.until(events.Closed)).code == code
    await phone.heard.until(events.Ready)


async def test_it_reconnects_where_the_connection_broke(phone: Phone, hub: FakeHub) -> None:
    await hub.drop()

    assert (await phone.heard.until(events.Closed)).code == 1006
    await phone.heard.until(events.Ready)


async def test_cards_the_hub_no_longer_knows_are_put_away_after_a_reconnect(
    phone: Phone, hub: FakeHub
) -> None:
    await hub.ask(phone.account)
    await phone.heard.until(events.Asked)
    await hub.drop()

    assert (await phone.heard.until(events.PutAway)).why == "not_pending"


async def test_an_answer_lost_with_the_connection_is_asked_for_again(phone: Phone, hub: FakeHub) -> None:
    hub.pending = [await hub.ask(phone.account)]
    await phone.heard.until(events.Asked)
    await phone.line.decide("chl_1", "deny")
    await hub.hears(Decide)
    await hub.drop()

    assert (await phone.heard.until(events.Asked)).again


async def test_what_was_answered_without_a_connection_is_asked_for_again(phone: Phone, hub: FakeHub) -> None:
    hub.pending = [await hub.ask(phone.account)]
    await phone.heard.until(events.Asked)
    await hub.drop()
    await phone.heard.until(events.Closed)
    await phone.line.ack("chl_1")
    await phone.line.decide("chl_1", "deny")

    assert (await phone.heard.until(events.Failed)).code == "offline"
    assert (await phone.heard.until(events.Asked)).again
    assert (await phone.heard.until(events.Acked)).id == "chl_1"


async def test_a_card_that_ran_out_is_not_shown_again_within_the_leeway(phone: Phone, hub: FakeHub) -> None:
    hub.pending = [await hub.ask(phone.account, exp=int(phone.line.hub_now()) + 1)]
    await phone.heard.until(events.PutAway)
    await hub.drop()
    await phone.heard.until(events.Ready)
    await hub.ask(phone.account, jti="chl_2")

    assert (await phone.heard.until(events.Asked)).request.id == "chl_2"


async def test_a_request_answered_elsewhere_is_put_away(phone: Phone, hub: FakeHub) -> None:
    await hub.ask(phone.account)
    await phone.heard.until(events.Asked)
    await hub.say(Resolved(id="chl_1", status="cancelled"))

    assert (await phone.heard.until(events.Resolved)).status == "cancelled"
    assert phone.line.cards.open == {}


async def test_an_expired_card_is_put_away_by_the_phones_own_clock(phone: Phone, hub: FakeHub) -> None:
    hub_now = int(phone.line.hub_now())
    await hub.ask(phone.account, exp=hub_now + 1)
    await phone.heard.until(events.Asked)

    assert (await phone.heard.until(events.PutAway)).why == "expired"


async def test_a_wrong_pin_leaves_the_card_open(phone: Phone, hub: FakeHub) -> None:
    await hub.ask(phone.account)
    await phone.heard.until(events.Asked)
    await phone.line.decide("chl_1", "approve", pin="0000")
    # Without an id: there is only one answer that it can be about.
    await hub.say(ErrorMessage(code=ErrorCode.WRONG_PIN, detail="Wrong."))
    failed = await phone.heard.until(events.Failed)

    assert (failed.code, failed.id) == ("wrong_pin", "chl_1")
    assert "chl_1" in phone.line.cards.open


async def test_news_and_nonsense_from_the_hub_do_not_end_the_conversation(phone: Phone, hub: FakeHub) -> None:
    await hub.say(b"\xc1")
    assert (await phone.heard.until(events.Failed)).code == "malformed_from_hub"
    await hub.say(b"\x81\xa4type\xa5novel")
    await hub.ask(phone.account)

    await phone.heard.until(events.Asked)


async def test_tokens_are_dated_by_the_hubs_clock(hub: FakeHub, memory: StateFile) -> None:
    hub.clock_ahead_s = 7200
    phone = Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)

    async with running(phone):
        await hub.ask(phone.account, exp=int(phone.line.hub_now()) + 60)
        await phone.heard.until(events.Asked)
        await phone.line.decide("chl_1", "deny")
        decide = await hub.hears(Decide)

    assert abs(claims(decide, phone.account).iat - hub_now(hub)) < 5


@pytest.mark.parametrize(
    ("code", "why", "kept"),
    [
        (Close.DEVICE_REMOVED, "removed", []),
        (Close.NOT_AUTHENTICATED, "not_authenticated", [ADA]),
        (Close.CONNECTED_ELSEWHERE, "connected_elsewhere", [ADA]),
    ],
)
async def test_it_stops_after(
    code: Close, why: str, kept: list[str], hub: FakeHub, memory: StateFile
) -> None:
    hub.turned_away = code
    phone = Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)

    async with asyncio.timeout(WITHIN_S):
        stopped = await phone.line.run()

    assert stopped.why == why
    assert [account.email for account in memory.accounts()] == kept


async def test_without_a_hub_it_tries_again(hub: FakeHub, memory: StateFile) -> None:
    phone = Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)
    nobody = replace(phone.account, socket_url="ws://127.0.0.1:1/ws/device")
    line = Line(nobody, memory, phone.heard, chance=Soon())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(line.run())
        first = await phone.heard.until(events.Closed)
        await phone.heard.until(events.Reconnecting)
        await phone.heard.until(events.Closed)
        task.cancel()

    assert first.code is None


async def test_another_hub_at_the_same_address_gets_no_proof(hub: FakeHub, memory: StateFile) -> None:
    phone = Phone(hub, memory, Subprotocol.DEVICE_MSGPACK)
    hub.issuer = "https://evil.test"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(phone.line.run())
        closed = await phone.heard.until(events.Closed)
        task.cancel()

    assert "another hub" in closed.why
    assert hub.said.empty()


def claims(decide: Decide, account: Account) -> DecisionClaims:

    payload = jwt.decode(
        decide.decision,
        account.key.public_key(),
        algorithms=["ES256"],
        audience=account.issuer,
        options={"verify_exp": False, "verify_iat": False},
    )
    return DecisionClaims.model_validate(payload)


def hub_now(hub: FakeHub) -> float:

    return time.time() + hub.clock_ahead_s
