"""Right tokens made wrong, without a library that would refuse to."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def without_algorithm(token: str) -> str:
    """Return *token* as ``alg: none``, unsigned (RFC 7515 appendix A.5)."""
    return f"{_unsigned(token, alg='none')}."


def without_algorithm_but_signed(token: str) -> str:
    """Return *token* as ``alg: none`` with its old signature."""
    return f"{_unsigned(token, alg='none')}.{token.split('.')[2]}"


def with_public_key_as_secret(token: str, key: ec.EllipticCurvePrivateKey) -> str:
    """Return *token* as HS256, signed with what everybody may know (RFC 8725 section 2.1)."""
    unsigned = _unsigned(token, alg="HS256")
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{unsigned}.{_b64(hmac.digest(secret, unsigned.encode(), hashlib.sha256))}"


def signed_by(token: str, key: ec.EllipticCurvePrivateKey, **header: Any) -> str:
    """Return *token* signed with *key*; *header* replaces what its header says."""
    unsigned = _unsigned(token, **header)
    r, s = decode_dss_signature(key.sign(unsigned.encode(), ec.ECDSA(SHA256())))
    return f"{unsigned}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def with_changed_claims(token: str, **claims: Any) -> str:
    """Return *token* with other claims under the old signature."""
    header, payload, signature = token.split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
    return f"{header}.{_b64(json.dumps(changed).encode())}.{signature}"


def _unsigned(token: str, **header: Any) -> str:
    old, payload, _ = token.split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(old + "==")), **header}
    return f"{_b64(json.dumps(changed).encode())}.{payload}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
