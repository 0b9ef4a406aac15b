"""Typed identifiers: a prefix that names the thing, and a UUIDv7 in lowercase Crockford base32."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
DeviceId = NewType("DeviceId", str)
EnrollmentId = NewType("EnrollmentId", str)
LoginId = NewType("LoginId", str)
ChallengeId = NewType("ChallengeId", str)
AuditId = NewType("AuditId", str)
SessionId = NewType("SessionId", str)
BrowserId = NewType("BrowserId", str)

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ENTROPY_BYTES = 10


class Prefix(StrEnum):
    """The first letters of an identifier."""

    TENANT = "ten"
    USER = "usr"
    DEVICE = "dev"
    ENROLLMENT = "enr"
    LOGIN = "lgn"
    CHALLENGE = "chl"
    AUDIT = "aud"
    SESSION = "ses"
    BROWSER = "bro"


def make(prefix: Prefix, now: datetime, entropy: bytes, order: int | None = None) -> str:
    """Return a new identifier that sorts by *now* (UUIDv7, RFC 9562 section 5.7).

    Args:
        entropy: 10 random bytes; 74 of their 80 bits are used.
        order: sorts those of one millisecond (a counter, section 6.2 method 1); without it chance does.
    """
    millis = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    noise = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    rand_a = (noise >> 62 if order is None else order) & 0xFFF
    rand_b = noise & ((1 << 62) - 1)
    uuid = (millis << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b
    return f"{prefix}_{base32(uuid, 26)}"


def base32(number: int, width: int) -> str:
    """Return *number* in lowercase Crockford base32, *width* characters, zero padded."""
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(5 * (width - 1), -1, -5))
