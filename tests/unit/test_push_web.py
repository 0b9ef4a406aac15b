"""One try to hand a message to a push service: over real sockets; names and the far network are played."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.adapters.push_vapid import Vapid, new_vapid_key
from hub.adapters.push_web import WebPusher
from hub.ports import Push, PushAnswer, PushResult
from hub.protocol import PushSubscription
from tests.certificates import certificate_for_loopback
from tests.push import hostile
from tests.push.hostile import Names, Network
from tests.push.keys import BrowserKeys
from tests.push.service import PushService, push_service
from tests.running import ShiftedClock

KEY = new_vapid_key()
PUBLIC, PRIVATE = "142.250.1.1", "10.0.0.7"
SOMEWHERE = "https://push.example.org/push/very-long-and-secret-capability-0123456789"


@asynccontextmanager
async def pusher(*allowed: str, **given: Any) -> AsyncIterator[WebPusher]:
    """A pusher that may go to the origins *allowed* besides public ones."""
    async with WebPusher(Vapid.load(KEY, "mailto:ops@hub.test"), ShiftedClock(), allowed, **given) as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


def to(endpoint: str) -> Push:
    """Return a push to *endpoint*, whose phone cannot be asked."""
    return a_push(BrowserKeys().subscription(endpoint))


def a_push(subscription: dict[str, Any], payload: str = '{"type":"challenge"}') -> Push:
    """Return a push."""
    return Push(PushSubscription.model_validate(subscription), payload, ttl_s=60, topic="a-topic")


async def test_a_strict_service_takes_it_and_the_phone_reads_it(service: PushService) -> None:
    async with pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)

        answer = await hub.send(a_push(box.subscription))

    assert answer == PushAnswer(PushResult.TAKEN)
    assert box.messages() == [{"type": "challenge"}]
    (push,) = box.received
    assert (push.refused, push.ttl_s, push.topic) == (None, 60, "a-topic")
    assert push.headers["urgency"] == "high"
    # Neither cookies nor a name of the library: nothing that is not needed.
    assert not push.headers.keys() & {"cookie", "user-agent", "origin", "referer"}


async def test_the_longest_payload_is_taken_and_a_longer_one_is_our_own_fault(service: PushService) -> None:
    async with pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)

        answer = await hub.send(a_push(box.subscription, '"' + "x" * 3991 + '"'))

        assert answer.result is PushResult.TAKEN
        with pytest.raises(ValueError):
            await hub.send(a_push(box.subscription, '"' + "x" * 3992 + '"'))


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, PushResult.TAKEN),
        (202, PushResult.TAKEN),
        (204, PushResult.TAKEN),
        (400, PushResult.REFUSED),
        (401, PushResult.REFUSED),
        (403, PushResult.REFUSED),
        (404, PushResult.GONE),
        (408, PushResult.LATER),
        (410, PushResult.GONE),
        (413, PushResult.REFUSED),
        (429, PushResult.LATER),
        (500, PushResult.LATER),
        (503, PushResult.LATER),
        (301, PushResult.REFUSED),
        (307, PushResult.REFUSED),
    ],
)
async def test_what_a_status_comes_to(service: PushService, status: int, result: PushResult) -> None:
    async with pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)
        box.answer(status)

        assert (await hub.send(a_push(box.subscription))).result is result


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("999999999", 3600.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600.0),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        ("", None),
    ],
)
async def test_a_service_says_when_to_come_again(
    service: PushService, value: str, seconds: float | None
) -> None:
    async with pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)
        box.answer(429, retry_after=value)

        answer = await hub.send(a_push(box.subscription))

    assert answer == PushAnswer(PushResult.LATER, seconds)


# Services that are not kind ----------------------------------------------------------------------------


async def test_a_redirect_is_not_followed(service: PushService) -> None:
    async with hostile.something_internal() as internal, pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)
        for status in (301, 302, 303, 307, 308):
            box.answer(status, location=f"{internal.origin}/admin")

            assert (await hub.send(a_push(box.subscription))).result is PushResult.REFUSED

        assert internal.touched == 0


async def test_a_redirect_within_an_allowed_service_is_not_followed_either(service: PushService) -> None:
    async with pusher(service.origin) as hub:
        box, other = service.subscribe(hub.public_key), service.subscribe(hub.public_key)
        box.answer(307, location=other.endpoint)

        await hub.send(a_push(box.subscription))

    assert other.received == []


async def test_a_proxy_of_the_environment_is_not_used(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hostile.something_internal() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        async with pusher(service.origin) as hub:
            box = service.subscribe(hub.public_key)

            assert (await hub.send(a_push(box.subscription))).result is PushResult.TAKEN

        assert proxy.touched == 0


@pytest.mark.parametrize("talk", [hostile.silence, hostile.drop_by_drop])
async def test_a_slow_service_has_its_time_and_no_more(talk: hostile.Talk) -> None:
    async with hostile.server(talk) as slow, pusher(slow.origin, within_s=0.3) as hub:
        started = time.monotonic()

        answer = await hub.send(to(f"{slow.origin}/p"))

    assert answer.result is PushResult.NO_ANSWER
    assert time.monotonic() - started < 3


async def test_a_dead_service_gives_no_answer() -> None:
    async with hostile.something_internal() as dead:
        origin = dead.origin
    async with pusher(origin) as hub:
        assert (await hub.send(to(f"{origin}/p"))).result is PushResult.NO_ANSWER


async def test_what_speaks_no_http_gives_no_answer() -> None:
    async with hostile.server(hostile.nonsense) as other, pusher(other.origin) as hub:
        assert (await hub.send(to(f"{other.origin}/p"))).result is PushResult.NO_ANSWER


async def test_an_answer_without_end_is_not_read_to_the_end() -> None:
    async with hostile.server(hostile.without_end) as other, pusher(other.origin) as hub:
        started = time.monotonic()

        with capture_logs() as logs:
            answer = await hub.send(to(f"{other.origin}/p"))

    assert answer.result is PushResult.REFUSED
    assert time.monotonic() - started < 3
    assert len(logs[0]["words"]) <= 200


async def test_a_slow_service_holds_up_no_other(service: PushService) -> None:
    async with (
        hostile.server(hostile.silence) as slow,
        pusher(slow.origin, service.origin, within_s=5) as hub,
        asyncio.TaskGroup() as tasks,
    ):
        waiting = [tasks.create_task(hub.send(to(f"{slow.origin}/{number}"))) for number in range(20)]
        box = service.subscribe(hub.public_key)
        started = time.monotonic()

        assert (await hub.send(a_push(box.subscription))).result is PushResult.TAKEN

        assert time.monotonic() - started < 2
        for task in waiting:
            task.cancel()


# Addresses ---------------------------------------------------------------------------------------------


async def test_a_name_that_leads_to_a_public_address_is_called_at_that_address() -> None:
    names, network = Names([[PUBLIC]]), Network()
    async with pusher(resolve=names, network=network) as hub:
        await hub.send(to(SOMEWHERE))

    assert network.called == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "addresses",
    [
        [PRIVATE],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fd00::1"],
        # One of several is enough: the next connection might go there.
        [PUBLIC, PRIVATE],
        [PRIVATE, PUBLIC],
    ],
)
async def test_a_name_that_leads_inside_is_called_nowhere(addresses: list[str]) -> None:
    network = Network()
    async with pusher(resolve=Names([addresses]), network=network) as hub:
        answer = await hub.send(to(SOMEWHERE))

    assert answer.result is PushResult.FORBIDDEN_ADDRESS
    assert network.called == []


async def test_an_address_that_changes_after_the_check_is_not_used() -> None:
    # The first answer is public and is checked; whoever asked a second time would be led inside.
    names, network = Names([[PUBLIC], [PRIVATE]]), Network()
    async with pusher(resolve=names, network=network) as hub:
        first = await hub.send(to(SOMEWHERE))
        second = await hub.send(to(SOMEWHERE))

    assert network.called == [(PUBLIC, 443)]
    assert [first.result, second.result] == [PushResult.NO_ANSWER, PushResult.FORBIDDEN_ADDRESS]
    assert len(names.asked) == 2


async def test_where_the_first_address_is_dead_the_next_is_tried() -> None:
    network = Network()
    async with pusher(resolve=Names([[PUBLIC, "142.250.1.2"]]), network=network) as hub:
        await hub.send(to(SOMEWHERE))

    assert [address for address, _ in network.called] == [PUBLIC, "142.250.1.2"]


async def test_a_name_that_leads_nowhere_gives_no_answer() -> None:
    async with pusher(resolve=Names([[]]), network=Network()) as hub:
        assert (await hub.send(to(SOMEWHERE))).result is PushResult.NO_ANSWER


async def test_what_was_allowed_once_and_is_not_any_more_is_not_sent(service: PushService) -> None:
    async with pusher() as hub:
        box = service.subscribe(hub.public_key)

        assert (await hub.send(a_push(box.subscription))).result is PushResult.FORBIDDEN_ADDRESS

    assert box.received == []


async def test_tls_asks_for_the_name_and_checks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with tls_service(certificate, key) as (port, asked):
        right, wrong = f"https://localhost:{port}", f"https://other.test:{port}"
        async with pusher(right, wrong, resolve=Names([["127.0.0.1"]])) as hub:
            assert (await hub.send(to(f"{right}/p"))).result is PushResult.TAKEN
            assert (await hub.send(to(f"{wrong}/p"))).result is PushResult.NO_ANSWER

    # The name went over the wire, though the connection was made to the address.
    assert asked[:2] == ["localhost", "other.test"]


@asynccontextmanager
async def tls_service(certificate: Path, key: Path) -> AsyncIterator[tuple[int, list[str | None]]]:
    """Take everything, over TLS; return the port and the names that were asked for."""
    asked: list[str | None] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: asked.append(name)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked


# What is taken, and what is said of it -----------------------------------------------------------------


def wrong(**changes: Any) -> dict[str, Any]:
    """Return a subscription with something changed."""
    right = BrowserKeys().subscription(SOMEWHERE)
    keys = {name: changes.pop(name) for name in ("p256dh", "auth") if name in changes}
    return {**right, **changes, "keys": right["keys"] | keys}


async def test_a_subscription_is_taken_without_asking_anybody() -> None:
    names, network = Names([[PUBLIC]]), Network()
    async with pusher(resolve=names, network=network) as hub:
        assert hub.takes(PushSubscription.model_validate(wrong()))
        for each in (
            wrong(endpoint="http://push.example.org/p"),
            wrong(endpoint="https://127.0.0.1/p"),
            wrong(endpoint="https://ada:word@push.example.org/p"),
            wrong(p256dh="AAAA"),
            wrong(auth="AAAA"),
        ):
            assert not hub.takes(PushSubscription.model_validate(each))

    assert (names.asked, network.called) == ([], [])


async def test_a_log_has_the_services_words_and_nothing_that_opens_its_door(service: PushService) -> None:
    async with pusher(service.origin) as hub:
        box = service.subscribe(hub.public_key)
        secret = box.endpoint.rsplit("/", 1)[1]
        box.answer(403, words=f"VAPID credentials do not match\x1b[31m {box.endpoint} {secret} " + "x " * 500)

        with capture_logs() as logs:
            await hub.send(a_push(box.subscription))

    (line,) = logs
    assert (line["event"], line["status"], line["host"]) == ("push.refused", 403, "127.0.0.1")
    assert line["words"].startswith("VAPID credentials do not match")
    assert len(line["words"]) <= 200
    assert secret not in str(line)
    assert "\x1b" not in str(line)
