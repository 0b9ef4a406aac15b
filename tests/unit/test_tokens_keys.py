"""The hub's own signing keys."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub.adapters.tokens_keys import (
    PUBLISHED_AHEAD,
    KeyRing,
    jwk_text,
    new_signing_key,
    public_key,
    thumbprint,
)
from hub.adapters.vault_hkdf import Vault
from hub.domain.secret import Secret
from hub.ports import StoredKey

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
VAULT = Vault([Secret("a secret of the hub that is long enough")])
# RFC 7515 appendix A.3.1.
RFC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def ring(*keys: StoredKey, vault: Vault = VAULT) -> KeyRing:
    return KeyRing.load(keys, vault)


def published(of: KeyRing, now: datetime) -> list[str]:
    return [key["kid"] for key in of.jwks(now)["keys"]]


def first_key() -> StoredKey:
    return new_signing_key(NOW, NOW, VAULT)


def second_key() -> StoredKey:
    return new_signing_key(NOW, NOW + PUBLISHED_AHEAD, VAULT)


def test_a_key_is_named_by_its_thumbprint_and_kept_sealed():
    key = first_key()

    assert key.kid == thumbprint(key.public)
    assert set(json.loads(key.public)) == {"crv", "kty", "x", "y"}
    assert "PRIVATE" not in key.private
    assert "PRIVATE KEY" in VAULT.unseal("signing-key", key.private)


def test_the_thumbprint_is_that_of_rfc_7638():
    # Over the key of RFC 7515 appendix A.3.1.
    canonical = jwk_text(public_key(RFC_KEY))

    assert canonical == (
        '{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
        '"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
    )
    assert thumbprint(canonical) == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"


def test_the_first_key_signs_at_once():
    key = first_key()

    assert ring(key).signer(NOW).kid == key.kid


def test_a_successor_is_published_an_hour_before_it_signs():
    first, second = first_key(), second_key()
    both = ring(second, first)

    assert published(both, NOW) == [first.kid, second.kid]
    assert both.signer(NOW + PUBLISHED_AHEAD - SECOND).kid == first.kid
    assert both.signer(NOW + PUBLISHED_AHEAD).kid == second.kid


def test_an_old_key_stays_published_until_its_last_token_is_over():
    first, second = first_key(), second_key()
    both = ring(first, second)
    last_token_over = NOW + PUBLISHED_AHEAD + timedelta(seconds=630)

    assert published(both, last_token_over - SECOND) == [first.kid, second.kid]
    assert published(both, last_token_over) == [second.kid]


def test_the_last_key_is_never_retired():
    key = first_key()

    assert published(ring(key), NOW + timedelta(days=4_000)) == [key.kid]


def test_a_clock_that_is_behind_still_finds_a_key_to_sign_with():
    key = first_key()

    assert ring(key).signer(NOW - timedelta(minutes=5)).kid == key.kid


def test_what_is_published_says_how_it_is_used_and_nothing_private():
    [key] = ring(first_key()).jwks(NOW)["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


def test_what_is_published_comes_from_the_sealed_half():
    key = first_key()
    forged = replace(key, public=first_key().public)

    [published_key] = ring(forged).jwks(NOW)["keys"]

    assert published_key["x"] == json.loads(key.public)["x"]


def test_keys_under_a_lost_secret_are_left_out():
    lost = new_signing_key(NOW, NOW, Vault([Secret("a secret that nobody has any more, alas")]))
    key = first_key()

    assert published(ring(lost, key), NOW) == [key.kid]
    with pytest.raises(ValueError):
        ring(lost)


def test_there_is_no_ring_without_a_key():
    with pytest.raises(ValueError):
        ring()


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(None, id="none"),
        pytest.param("x", id="text"),
        pytest.param([RFC_KEY], id="list"),
        pytest.param({}, id="empty"),
        pytest.param(RFC_KEY | {"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}, id="private"),
        pytest.param(RFC_KEY | {"kty": "RSA"}, id="rsa"),
        pytest.param({"kty": "oct", "k": "AAAA"}, id="symmetric"),
        pytest.param(RFC_KEY | {"crv": "P-384"}, id="another curve"),
        pytest.param(RFC_KEY | {"crv": "secp256k1"}, id="bitcoin's curve"),
        pytest.param(RFC_KEY | {"y": RFC_KEY["x"]}, id="off the curve"),
        pytest.param(RFC_KEY | {"x": "A" * 43, "y": "A" * 43}, id="the origin"),
        pytest.param(RFC_KEY | {"x": "_" * 42 + "8"}, id="beyond the field"),
        pytest.param(RFC_KEY | {"x": RFC_KEY["x"] + "="}, id="padded"),
        pytest.param(RFC_KEY | {"x": RFC_KEY["x"][:-1]}, id="short"),
        pytest.param(RFC_KEY | {"x": 5}, id="number"),
        pytest.param({key: RFC_KEY[key] for key in ("kty", "crv", "x")}, id="no y"),
    ],
)
def test_only_a_public_point_of_p256_is_a_key(jwk: object):
    with pytest.raises(ValueError):
        public_key(jwk)


def test_members_that_browsers_add_do_not_matter():
    key = public_key(RFC_KEY | {"ext": True, "key_ops": ["verify"]})

    assert isinstance(key.curve, ec.SECP256R1)
