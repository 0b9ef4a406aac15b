"""The hub's own signing keys (ES256): made, sealed, rotated, published; and how a P-256 JWK is read."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hub.ports import StoredKey, Vault
from hub.protocol import LEEWAY_S

PUBLISHED_AHEAD: Final = timedelta(hours=1)
# A challenge lives 600 s at most; then the leeway.
OUTLIVED_AFTER: Final = timedelta(seconds=600 + LEEWAY_S)
_PURPOSE: Final = "signing-key"
_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_signing_key(now: datetime, signs_from: datetime, vault: Vault) -> StoredKey:
    """Make a key, its private half sealed, named by its thumbprint (RFC 7638).

    Args:
        signs_from: *now* for the first key; for a successor PUBLISHED_AHEAD later, so that every phone has
            had time to fetch it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = jwk_text(key.public_key())
    return StoredKey(thumbprint(public), vault.seal(_PURPOSE, pem), public, now, signs_from)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A stored key, opened."""

    kid: str
    private: ec.EllipticCurvePrivateKey
    public: Mapping[str, str]
    signs_from: datetime


class KeyRing:
    """The hub's keys by rising ``signs_from``; never empty and never changed: a rotation makes a new ring."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self._keys = tuple(sorted(keys, key=lambda key: (key.signs_from, key.kid)))
        if not self._keys:
            raise ValueError("no signing key can be opened")

    @classmethod
    def load(cls, stored: Iterable[StoredKey], vault: Vault) -> Self:
        """Open the stored keys; those sealed under a secret that is no longer given are left out.

        Raises:
            ValueError: none is left.
        """
        return cls(key for key in (_opened(each, vault) for each in stored) if key is not None)

    def signer(self, now: datetime) -> SigningKey:
        """Return the key that signs at *now*: the newest whose time has come."""
        # The first one signs even a little early: the node that made it may have a faster clock.
        return next((key for key in reversed(self._keys) if key.signs_from <= now), self._keys[0])

    def jwks(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return every key but those whose successor has signed for longer than any token lives."""
        successors = (*self._keys[1:], None)
        return {
            "keys": [
                {**key.public, "kid": key.kid, "alg": "ES256", "use": "sig"}
                for key, successor in zip(self._keys, successors, strict=True)
                if successor is None or now < successor.signs_from + OUTLIVED_AFTER
            ]
        }


def public_key(jwk: object) -> ec.EllipticCurvePublicKey:
    """Return the P-256 public key that *jwk* (a decoded JSON object) shows.

    Raises:
        ValueError: it shows another kind of key, a private one, or no point of the curve.
    """
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise ValueError("not a public P-256 key")
    x, y = (_coordinate(jwk.get(name)) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def jwk_text(key: ec.EllipticCurvePublicKey) -> str:
    """Return the key as JSON text with its required members alone, as RFC 7638 section 3 orders them."""
    numbers = key.public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": _base64url_of(numbers.x), "y": _base64url_of(numbers.y)}
    return json.dumps(jwk, separators=(",", ":"))


def thumbprint(canonical: str) -> str:
    """Return the SHA-256 thumbprint of what :func:`jwk_text` gave (RFC 7638)."""
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _opened(stored: StoredKey, vault: Vault) -> SigningKey | None:
    try:
        pem = vault.unseal(_PURPOSE, stored.private)
    except ValueError:
        return None
    private = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    # From the sealed half: nobody who can write to the database may publish a key of his own.
    public = json.loads(jwk_text(private.public_key()))
    return SigningKey(stored.kid, private, public, stored.signs_from)


def _coordinate(value: object) -> int:
    if not isinstance(value, str) or not _COORDINATE.fullmatch(value):
        raise ValueError("a coordinate is 32 bytes, base64url")
    return int.from_bytes(base64.urlsafe_b64decode(value + "="), "big")


def _base64url_of(coordinate: int) -> str:
    return _base64url(coordinate.to_bytes(32, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
