"""The tests' push service itself: it takes what is right, and nothing else."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.push.keys import BrowserKeys
from tests.push.sender import MESSAGE, Sender, encrypted
from tests.push.service import PushService, push_service


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


@pytest.fixture
def sender() -> Sender:
    return Sender()


async def test_a_right_push_is_taken_and_can_be_read(service: PushService, sender: Sender) -> None:
    box = service.subscribe(sender.public_key)

    response = await sender.push(box.subscription)

    assert response.status_code == 201
    assert response.headers["location"].startswith(service.origin)
    assert box.messages() == [MESSAGE]
    (push,) = box.received
    assert (push.ttl_s, push.topic, push.refused) == (60, "chl_1", None)


@pytest.mark.parametrize(
    ("wrong", "status", "why"),
    [
        ({"ttl": None}, 400, "TTL"),
        ({"ttl": "-1"}, 400, "TTL"),
        ({"ttl": "0"}, 400, "TTL"),
        ({"ttl": "601"}, 400, "TTL"),
        ({"urgency": None}, 400, "Urgency"),
        ({"urgency": "at once"}, 400, "Urgency"),
        ({"topic": None}, 400, "Topic"),
        ({"topic": "x" * 33}, 400, "Topic"),
        ({"topic": "a+b"}, 400, "Topic"),
        ({"content_encoding": "aesgcm"}, 415, "Content-Encoding"),
        ({"content_type": "application/json"}, 415, "Content-Type"),
        ({"body": b"x" * 4097}, 413, "4097 bytes"),
        ({"body": b"x" * 200}, 400, "aes128gcm"),
        ({"authorization": None}, 401, "VAPID"),
        ({"authorization": "Bearer x"}, 401, "VAPID"),
        ({"claims": {"aud": "http://elsewhere.test"}}, 403, "InvalidAudience"),
        ({"claims": {"exp": None}}, 403, "MissingRequiredClaim"),
        ({"claims": {"exp": 1}}, 403, "exp"),
        ({"claims": {"exp": int(datetime.now(UTC).timestamp()) + 2 * 86400}}, 403, "exp"),
        ({"claims": {"sub": None}}, 403, "MissingRequiredClaim"),
        ({"claims": {"sub": "operator"}}, 403, "sub"),
    ],
)
async def test_what_is_wrong_is_refused_with_the_reason(
    service: PushService, sender: Sender, wrong: dict[str, Any], status: int, why: str
) -> None:
    box = service.subscribe(sender.public_key)

    response = await sender.push(box.subscription, **wrong)

    assert response.status_code == status
    assert why in response.text
    assert [refusal.status for refusal in box.refused] == [status]


async def test_a_push_of_somebody_else_is_refused(service: PushService, sender: Sender) -> None:
    box = service.subscribe(sender.public_key)

    response = await Sender().push(box.subscription)

    assert response.status_code == 403


async def test_a_signature_of_another_key_is_refused(service: PushService, sender: Sender) -> None:
    box = service.subscribe(sender.public_key)
    forged = Sender().authorization(service.origin).split(", k=")[0] + f", k={sender.public_key}"

    response = await sender.push(box.subscription, authorization=forged)

    assert response.status_code == 403
    assert "InvalidSignature" in response.text


async def test_a_push_for_other_keys_cannot_be_read(service: PushService, sender: Sender) -> None:
    box = service.subscribe(sender.public_key)
    body = encrypted(BrowserKeys().subscription(box.endpoint))

    await sender.push(box.subscription, body=body)

    with pytest.raises(http_ece.ECEException):
        box.messages()


async def test_answers_come_as_they_were_ordered(service: PushService, sender: Sender) -> None:
    box = service.subscribe(sender.public_key)
    box.answer(429, retry_after="3")
    box.answer(503, words="come back later")
    box.answer(307, location="http://127.0.0.1:1/")

    first, second, third, fourth = [await sender.push(box.subscription) for _ in range(4)]
    box.expire()
    fifth = await sender.push(box.subscription)

    assert (first.status_code, first.headers["retry-after"]) == (429, "3")
    assert (second.status_code, second.text) == (503, "come back later")
    assert (third.status_code, third.headers["location"]) == (307, "http://127.0.0.1:1/")
    assert (fourth.status_code, fifth.status_code) == (201, 410)
    assert len(box.received) == 5


async def test_an_unknown_subscription_is_not_found(service: PushService, sender: Sender) -> None:
    elsewhere = BrowserKeys().subscription(f"{service.origin}/push/unknown")

    response = await sender.push(elsewhere)

    assert response.status_code == 404


def test_the_example_of_the_standard_is_read() -> None:
    # RFC 8291 Appendix A.
    private = _number("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    keys = BrowserKeys(ec.derive_private_key(private, ec.SECP256R1()), _bytes("BTBZMqHH6r4Tts7J_aSIgg"))

    read = keys.decrypt(
        _bytes(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
            "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
            "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        )
    )

    assert read == b"When I grow up, I want to be a watermelon"


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text))
