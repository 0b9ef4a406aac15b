"""Keyed hashes and encryption, every key derived from the hub's secret (HKDF-SHA256, RFC 5869)."""

import base64
import hmac
import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.domain.secret import Secret

STEADY_KEY_BYTES: Final = 32
_VERSION_LENGTH: Final = 6
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_DERIVED_KEYS_KEPT: Final = 256
_SALT: Final = b"lumoauth-hub"
_CHECK: Final = "lumoauth-hub"
_VALUE: Final = re.compile(r"([A-Za-z0-9_-]{6})\.([A-Za-z0-9_-]+)")


class Vault:
    """Keys by version and purpose.

    Every value reads ``version.base64url``. The version is the beginning of a keyed hash of the secret
    itself, so that each value finds its key with nothing kept beside it. What was made for one purpose is
    worth nothing for another.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        """Take the hub's secrets, the newest first; raises ValueError where there is none."""
        if not keys:
            raise ValueError("the vault needs a key")
        self._secrets = {_version(key): key for key in keys}
        self._newest = _version(keys[0])
        self._steady: bytes | None = None
        self._key = lru_cache(_DERIVED_KEYS_KEPT)(self._derive)
        self._steady_key = lru_cache(_DERIVED_KEYS_KEPT)(_hkdf)

    def mac(self, purpose: str, text: str) -> str:
        """Return the keyed hash of *text* under the newest key: 50 characters."""
        return self._mac(self._newest, purpose, text)

    def macs(self, purpose: str, text: str) -> tuple[str, ...]:
        """Return the keyed hashes of *text* under every key, the newest first: to look it up by."""
        return tuple(self._mac(version, purpose, text) for version in self._secrets)

    def seal(self, purpose: str, text: str) -> str:
        """Encrypt (AES-256-GCM, a random nonce each time)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self._key(self._newest, "seal", purpose))
        sealed = cipher.encrypt(nonce, text.encode(), purpose.encode())
        return f"{self._newest}.{_base64url(nonce + sealed)}"

    def unseal(self, purpose: str, sealed: str) -> str:
        """Decrypt.

        Raises:
            ValueError: another purpose's, sealed under a key that is not given, changed, or nothing of ours.
        """
        parts = _VALUE.fullmatch(sealed)
        if parts is None or parts[1] not in self._secrets:
            raise ValueError("not sealed under any of these keys")
        raw = base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))
        if len(raw) < _NONCE_BYTES + _TAG_BYTES:
            raise ValueError("too short to be sealed")
        cipher = AESGCM(self._key(parts[1], "seal", purpose))
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
        except InvalidTag:
            raise ValueError("changed, or sealed for another purpose") from None

    def needs_renewal(self, value: str) -> bool:
        """Whether a stored keyed hash or ciphertext is not under the newest key: store it anew."""
        return not value.startswith(f"{self._newest}.")

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return 32 bytes a version, the newest first, for a standard that wants a key itself (a JWS)."""
        return tuple(self._key(version, "key", purpose) for version in self._secrets)

    # The stored key ------------------------------------------------------------------------------------

    def use_steady_key(self, key: bytes) -> None:
        """Take the stored key (32 bytes) that never rotates; raises ValueError for another length."""
        if len(key) != STEADY_KEY_BYTES:
            raise ValueError("the steady key has 32 bytes")
        self._steady = key

    def steady(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes of a keyed hash under the stored key; raises RuntimeError before it is set."""
        if self._steady is None:
            raise RuntimeError("the steady key is not set")
        return _hmac(self._steady_key(self._steady, f"steady/{purpose}"), text)

    # Whether this is the right secret ------------------------------------------------------------------

    def check_value(self) -> str:
        """Return what to keep at the first start, to tell a wrong secret by at all later ones."""
        return self.seal("check", _CHECK)

    def opens(self, check_value: str) -> bool:
        """Whether *check_value*, kept at an earlier start, was made with one of these secrets."""
        try:
            return self.unseal("check", check_value) == _CHECK
        except ValueError:
            return False

    def _mac(self, version: str, purpose: str, text: str) -> str:
        return f"{version}.{_base64url(_hmac(self._key(version, 'mac', purpose), text))}"

    def _derive(self, version: str, use: str, purpose: str) -> bytes:
        return _hkdf(self._secrets[version].reveal().encode(), f"{use}/{purpose}")


def _version(key: Secret) -> str:
    return _base64url(hmac.digest(key.reveal().encode(), b"lumoauth-hub/version", "sha256"))[:_VERSION_LENGTH]


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=_SALT, info=info.encode()).derive(key)


def _hmac(key: bytes, text: str) -> bytes:
    # What a client sent may hold lone surrogates; it fits nothing then, and is no reason to fail.
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
