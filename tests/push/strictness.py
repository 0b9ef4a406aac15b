"""What a push must be like, all of it: RFC 8030, 8188, 8291 and 8292, as strictly as can be."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.push.keys import unbase64url

BODY_MAX_BYTES = 4096
TOKEN_LIFE_MAX_S = 24 * 3600
URGENCIES = ("very-low", "low", "normal", "high")
# aes128gcm's header (RFC 8188 section 2.1) whose key id is the sender's point (RFC 8291 section 4), then at
# least a delimiter and a tag.
POINT_BYTES = 65
HEADER_BYTES = 16 + 4 + 1 + POINT_BYTES
RECORD_MIN_BYTES = 1 + 16


class Refusal(NamedTuple):
    """The status that a service answers, and why."""

    status: int
    why: str


class Terms(NamedTuple):
    """What a service knows when a push comes: itself, the subscription, the time."""

    origin: str
    application_key: str
    longest_ttl_s: int
    now: datetime


def refusal(headers: Mapping[str, str], body: bytes, terms: Terms) -> Refusal | None:
    """Return what is wrong with a push, or None; *headers* are named in lower case."""
    return _delivery(headers, terms) or _content(headers, body) or _sender(headers, terms)


def _delivery(headers: Mapping[str, str], terms: Terms) -> Refusal | None:
    ttl = headers.get("ttl", "")
    if not re.fullmatch(r"[0-9]{1,10}", ttl):
        return Refusal(400, f"TTL is {ttl!r} (RFC 8030 section 5.2)")
    if not 0 < int(ttl) <= terms.longest_ttl_s:
        return Refusal(400, f"TTL {ttl} is not within the life of a request, {terms.longest_ttl_s} s")
    if headers.get("urgency") not in URGENCIES:
        return Refusal(400, f"Urgency is {headers.get('urgency')!r} (RFC 8030 section 5.3)")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("topic", "")):
        return Refusal(400, f"Topic is {headers.get('topic')!r} (RFC 8030 section 5.4)")
    return None


def _content(headers: Mapping[str, str], body: bytes) -> Refusal | None:
    if len(body) > BODY_MAX_BYTES:
        return Refusal(413, f"{len(body)} bytes (RFC 8030 section 7.2)")
    if headers.get("content-encoding") != "aes128gcm":
        return Refusal(415, f"Content-Encoding is {headers.get('content-encoding')!r} (RFC 8291 section 4)")
    if headers.get("content-type") != "application/octet-stream":
        return Refusal(415, f"Content-Type is {headers.get('content-type')!r}")
    if len(body) < HEADER_BYTES + RECORD_MIN_BYTES or body[20] != POINT_BYTES:
        return Refusal(400, "no aes128gcm header with the sender's point (RFC 8291 section 4)")
    record_size = int.from_bytes(body[16:20])
    if len(body) - HEADER_BYTES > record_size:
        return Refusal(400, f"more than one record of {record_size} bytes (RFC 8291 section 4)")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), body[21:HEADER_BYTES])
    except ValueError:
        return Refusal(400, "the sender's key is no point on P-256 (RFC 8291 section 3.1)")
    return None


def _sender(headers: Mapping[str, str], terms: Terms) -> Refusal | None:
    said = re.fullmatch(
        r"vapid +t=([^,\s]+) *, *k=([^,\s]+)", headers.get("authorization", ""), re.IGNORECASE
    )
    if said is None:
        return Refusal(401, "no VAPID Authorization (RFC 8292 section 3)")
    token, key = said.groups()
    if key != terms.application_key:
        return Refusal(403, "another key than that of the subscription (RFC 8292 section 4.2)")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64url(key))
        # The time is the test's, so exp is looked at below.
        claims = jwt.decode(
            token,
            point,
            algorithms=["ES256"],
            audience=terms.origin,
            options={"verify_exp": False, "require": ["aud", "exp", "sub"]},
        )
    except (ValueError, jwt.PyJWTError) as error:
        return Refusal(403, f"{type(error).__name__}: {error} (RFC 8292 section 2)")
    return _claims(claims, terms)


def _claims(claims: Mapping[str, Any], terms: Terms) -> Refusal | None:
    left_s = claims["exp"] - terms.now.timestamp()
    if not 0 < left_s <= TOKEN_LIFE_MAX_S:
        return Refusal(403, f"exp is {left_s:.0f} s away (RFC 8292 section 2)")
    if claims["aud"] != terms.origin:
        return Refusal(403, f"aud is {claims['aud']!r}, not the origin alone")
    subject = urlsplit(claims["sub"])
    if not (
        (subject.scheme == "mailto" and "@" in subject.path) or (subject.scheme == "https" and subject.netloc)
    ):
        return Refusal(403, f"sub is {claims['sub']!r} (RFC 8292 section 2.1)")
    return None
