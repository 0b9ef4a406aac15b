"""How the hub names itself to push services."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.adapters.push_vapid import AUDIENCES_KEPT, USED_FOR, Vapid, new_vapid_key
from tests.builders import NOW
from tests.push.keys import unbase64url

SERVICE = "https://push.example.org"


@pytest.fixture
def vapid() -> Vapid:
    return Vapid.load(new_vapid_key(), "mailto:ops@example.org")


def read(vapid: Vapid, header: str) -> tuple[dict[str, str], dict[str, object]]:
    """Return header and claims of the token, its signature checked by the key that stands beside it."""
    scheme, _, rest = header.partition(" ")
    said = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert said["k"] == vapid.public_key
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64url(said["k"]))
    options = {"verify_exp": False, "verify_aud": False}
    return jwt.get_unverified_header(said["t"]), jwt.decode(said["t"], key, ["ES256"], options=options)


def test_a_token_says_for_whom_until_when_and_from_whom(vapid: Vapid) -> None:
    header, claims = read(vapid, vapid.authorization(SERVICE, NOW))

    assert header == {"typ": "JWT", "alg": "ES256"}
    assert claims.keys() == {"aud", "exp", "sub"}
    assert claims["aud"] == SERVICE
    assert claims["sub"] == "mailto:ops@example.org"


def test_no_token_that_is_used_is_good_for_more_than_a_day_or_less_than_hours(vapid: Vapid) -> None:
    for after in (timedelta(), USED_FOR - timedelta(seconds=1), USED_FOR, 3 * USED_FOR):
        _, claims = read(vapid, vapid.authorization(SERVICE, NOW + after))

        left = datetime.fromtimestamp(float(str(claims["exp"])), UTC) - (NOW + after)
        assert timedelta(hours=8) <= left <= timedelta(hours=24)


def test_a_token_is_used_again_for_its_service_alone(vapid: Vapid) -> None:
    first = vapid.authorization(SERVICE, NOW)

    assert vapid.authorization(SERVICE, NOW + timedelta(hours=1)) == first
    assert vapid.authorization(SERVICE, NOW + USED_FOR) != first
    assert read(vapid, vapid.authorization("https://other.example", NOW))[1]["aud"] == "https://other.example"


def test_a_clock_set_back_makes_a_new_token(vapid: Vapid) -> None:
    ahead = vapid.authorization(SERVICE, NOW)

    assert vapid.authorization(SERVICE, NOW - timedelta(days=2)) != ahead


def test_phones_can_name_any_number_of_services_and_few_tokens_are_kept(vapid: Vapid) -> None:
    for number in range(AUDIENCES_KEPT + 50):
        vapid.authorization(f"https://push{number}.example", NOW)

    assert len(vapid._tokens) == AUDIENCES_KEPT


def test_the_public_key_is_an_uncompressed_point_without_padding(vapid: Vapid) -> None:
    raw = unbase64url(vapid.public_key)

    assert (len(raw), raw[0]) == (65, 4)


def test_another_kind_of_key_is_refused() -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        with pytest.raises(ValueError):
            Vapid.load(pem, "mailto:ops@example.org")
