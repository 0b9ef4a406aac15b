"""Message encryption for web push."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.adapters.push_encryption import Receiver, encrypt, unbase64url
from hub.protocol import PUSH_PLAINTEXT_MAX_BYTES, PushKeys
from tests.push.keys import BrowserKeys, base64url

# RFC 8291 Appendix A.
RECEIVER = PushKeys(
    p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth="BTBZMqHH6r4Tts7J_aSIgg",
)
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_standards_example_comes_out_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ec.derive_private_key(int.from_bytes(unbase64url(SENDER)), ec.SECP256R1())
    monkeypatch.setattr(ec, "generate_private_key", lambda *_: key)
    monkeypatch.setattr(os, "urandom", lambda _: unbase64url(SALT))

    body = encrypt(b"When I grow up, I want to be a watermelon", RECEIVER)

    assert body == unbase64url(BODY)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=1, max_size=PUSH_PLAINTEXT_MAX_BYTES))
def test_the_phone_reads_what_was_written_and_it_fits_in_a_push(text: bytes) -> None:
    phone = BrowserKeys()

    body = encrypt(text, PushKeys(**phone.subscription("")["keys"]))

    assert phone.decrypt(body) == text
    assert len(body) <= 4096


def test_no_two_messages_are_encrypted_alike() -> None:
    one, other = encrypt(b"the same", RECEIVER), encrypt(b"the same", RECEIVER)

    # Salt, and the key of the sender.
    assert one[:16] != other[:16]
    assert one[21:86] != other[21:86]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auth", ""),
        ("auth", base64url(bytes(15))),
        ("auth", base64url(bytes(17))),
        ("auth", "BTBZMqHH6r4Tts7J_aSIg!"),
        ("auth", "BTBZMqHH6r4Tts7J_aSI\u00fc"),
        ("p256dh", ""),
        ("p256dh", base64url(bytes(65))),
        ("p256dh", base64url(b"\x04" + bytes(64))),
        ("p256dh", base64url(b"\x04" + b"\x01" * 64)),
        ("p256dh", RECEIVER.p256dh[:-4]),
        ("p256dh", RECEIVER.p256dh + "AAAA"),
        ("p256dh", base64url(b"\x02" + unbase64url(RECEIVER.p256dh)[1:33])),
        ("p256dh", "A"),
    ],
)
def test_keys_that_are_none_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError):
        Receiver.read(RECEIVER.model_copy(update={name: value}))


def test_padded_keys_are_taken_as_well() -> None:
    padded = PushKeys(p256dh=f"{RECEIVER.p256dh}=", auth=f"{RECEIVER.auth}==")

    assert Receiver.read(padded).auth == Receiver.read(RECEIVER).auth
