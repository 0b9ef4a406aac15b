"""Reading a JWS of a given kind (compact, RFC 7515), with PyJWT: what is not beyond doubt is refused.

``typ`` decides the algorithm and the caller the key (RFC 8725 sections 3.1 and 3.11): the token's own words
count for nothing. Only form and signature are looked at here.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError
from pydantic_core import from_json

from hub.protocol import TokenType, Wire

TOKEN_MAX_CHARACTERS: Final = 8 * 1024
JWS: Final = jwt.PyJWS(algorithms=["ES256", "HS256"])

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

Key = ec.EllipticCurvePublicKey | bytes
Claims = TypeVar("Claims", bound=Wire)


class Refused(Exception):
    """The token is not what it should be; it does not say why, since that could quote the token."""


def read(token: str, kind: TokenType, key: Key, model: type[Claims]) -> tuple[Mapping[str, Any], Claims]:
    """Return header and claims of a token of this very *kind*, signed with *key*; raises Refused."""
    _demand_compact(token)
    algorithm = "HS256" if kind is TokenType.TICKET else "ES256"
    try:
        parts = JWS.decode_complete(token, key, algorithms=[algorithm])
        header: Mapping[str, Any] = parts["header"]
        if header.get("typ") != kind or "crit" in header:
            raise Refused
        return header, model.model_validate(_object(parts["payload"]))
    except (jwt.PyJWTError, ValidationError, ValueError, TypeError, RecursionError):
        raise Refused from None


def unverified_header(token: str) -> Mapping[str, Any]:
    _demand_compact(token)
    try:
        return JWS.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Refused from None


def unverified_claims(token: str) -> Mapping[str, Any]:
    _demand_compact(token)
    payload = token.split(".")[1]
    try:
        return _object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        raise Refused from None


def _demand_compact(token: str) -> None:
    if len(token) > TOKEN_MAX_CHARACTERS or not _COMPACT.fullmatch(token):
        raise Refused


def _object(raw: bytes) -> dict[str, Any]:
    """Decode JSON in which no name comes twice (RFC 7519 section 4 lets a reader refuse that)."""
    if b"\\u" in raw:
        # Refuses half a character, which json.loads takes, and no database and no encoder.
        from_json(raw)
    decoded = json.loads(raw.decode(), object_pairs_hook=_once)
    if not isinstance(decoded, dict):
        raise Refused
    return decoded


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused
    return found
