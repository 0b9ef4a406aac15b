"""Message encryption for web push (RFC 8291): only the phone that subscribed can read."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher

from hub.protocol import PushKeys

AUTH_BYTES: Final = 16
POINT_BYTES: Final = 65


@dataclass(frozen=True, slots=True)
class Receiver:
    """A subscription's keys, checked: a point on P-256 and a shared secret."""

    key: ec.EllipticCurvePublicKey
    auth: bytes

    @classmethod
    def read(cls, keys: PushKeys) -> Self:
        """Return the keys; raises ValueError where they are none."""
        point, auth = unbase64url(keys.p256dh), unbase64url(keys.auth)
        if len(point) != POINT_BYTES or len(auth) != AUTH_BYTES:
            raise ValueError("not an uncompressed P-256 point and 16 bytes")
        return cls(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point), auth)


def encrypt(plaintext: bytes, keys: PushKeys) -> bytes:
    """Return the body of a push to whoever has *keys*, in ``aes128gcm``: one record, as section 4 demands.

    Raises:
        ValueError: these are no keys.
    """
    Receiver.read(keys)
    # Where it goes is not its business here: only its encryption is used.
    pusher = WebPusher({"endpoint": "", "keys": keys.to_wire()})
    body: bytes = pusher.encode(plaintext)["body"]
    return body


def base64url(raw: bytes) -> str:
    """Encode, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """Decode, with or without padding; raises ValueError where *text* is anything else."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
