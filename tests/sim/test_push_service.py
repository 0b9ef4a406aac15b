"""The phone's own push service takes what a push service takes, and nothing else."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mobile_sim.mailbox import Mailbox, Unreadable
from mobile_sim.push_service import PortTaken, PushService
from tests.sim.sleeping import Sender

RESOLVED = {"type": "resolved", "id": "chl_1", "status": "denied", "account": "usr_1"}


class Taken:
    """A mailbox whose post is kept."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.bodies: list[bytes] = []
        mailbox.deliver = self.bodies.append


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    service = PushService()
    async with service.running():
        yield service


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def taken(service: PushService, sender: Sender) -> Taken:
    taken = Taken(service.mailbox())
    taken.mailbox.hub_key = sender.public
    return taken


async def test_a_sealed_push_is_taken_and_opened(taken: Taken, sender: Sender) -> None:
    answer = await sender.push(taken.mailbox.subscription(), RESOLVED)

    (body,) = taken.bodies
    pushed = taken.mailbox.open(body)
    assert answer.status_code == 201
    assert (pushed.id, pushed.account) == ("chl_1", "usr_1")
    assert b"denied" not in body


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"ttl": None}, 400),
        ({"ttl": "soon"}, 400),
        ({"ttl": "-1"}, 400),
        ({"topic": "t" * 33}, 400),
        ({"topic": "two words"}, 400),
        ({"urgency": "now"}, 400),
        ({"content_encoding": "aesgcm"}, 415),
        ({"content_encoding": None}, 415),
        ({"authorization": None}, 401),
        ({"authorization": "Bearer x"}, 401),
        ({"authorization": "vapid t=x"}, 403),
        ({"authorization": "vapid t=x, k=AAAA"}, 403),
    ],
)
async def test_a_push_that_breaks_the_rules_is_refused(
    header: dict[str, Any], status: int, taken: Taken, sender: Sender
) -> None:
    answer = await sender.push(taken.mailbox.subscription(), RESOLVED, **header)

    assert answer.status_code == status
    assert taken.bodies == []


@pytest.mark.parametrize("claims", [{"aud": "http://127.0.0.1:1"}, {"exp": 1}, {"exp": 9_999_999_999}])
async def test_a_token_for_another_service_or_another_time_is_refused(
    claims: dict[str, Any], taken: Taken, sender: Sender
) -> None:
    subscription = taken.mailbox.subscription()
    authorization = sender.headers(subscription.endpoint, **claims)["Authorization"]

    answer = await sender.push(subscription, RESOLVED, authorization=authorization)

    assert answer.status_code == 403


async def test_only_the_hub_that_was_told_may_fill_a_mailbox(taken: Taken) -> None:
    answer = await Sender().push(taken.mailbox.subscription(), RESOLVED)

    assert answer.status_code == 403


async def test_an_unknown_mailbox_and_too_large_a_push_are_refused(taken: Taken, sender: Sender) -> None:
    endpoint = taken.mailbox.subscription().endpoint

    assert (await sender.post(f"{endpoint}x", b"")).status_code == 404
    assert (await sender.post(endpoint, b"x" * 4097)).status_code == 413


def test_what_is_sealed_for_others_or_says_nothing_known_cannot_be_read() -> None:
    mailbox = Mailbox("http://127.0.0.1:1")

    for body in (b"", b"x" * 20, b"x" * 200):
        with pytest.raises(Unreadable):
            mailbox.open(body)


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=str(port)):
            PushService(port)
