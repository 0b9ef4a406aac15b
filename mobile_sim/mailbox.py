"""One push subscription of the phone: where its web pushes arrive, and the keys that open them (RFC 8291)."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Field, TypeAdapter, ValidationError

from hub.protocol import PushedChallenge, PushedResolved, PushKeys, PushSubscription

AUTH_BYTES: Final = 16
NAME_BYTES: Final = 18

AnyPushed = PushedChallenge | PushedResolved
_PUSHED: TypeAdapter[AnyPushed] = TypeAdapter(Annotated[AnyPushed, Field(discriminator="type")])


class Unreadable(Exception):
    """The push is not for these keys, or says nothing that the contract knows."""


def _dropped(_: bytes) -> None:
    pass


@dataclass(slots=True)
class Mailbox:
    """Made anew at each start, kept in memory alone; *hub_key* is the only VAPID key that may fill it."""

    origin: str
    name: str = field(default_factory=lambda: secrets.token_urlsafe(NAME_BYTES))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(AUTH_BYTES), repr=False)
    hub_key: str | None = None
    deliver: Callable[[bytes], None] = _dropped

    def subscription(self) -> PushSubscription:
        """Return what the hub needs to fill it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = PushKeys(p256dh=base64url(point), auth=base64url(self.auth))
        return PushSubscription(endpoint=f"{self.origin}/push/{self.name}", keys=keys)

    def open(self, body: bytes) -> AnyPushed:
        """Return the message in *body*.

        Raises:
            Unreadable: it does not decrypt, or is no message of the contract.
        """
        try:
            plain: bytes = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth)
        except (http_ece.ECEException, ValueError, IndexError) as error:
            raise Unreadable("it is not encrypted for this phone") from error
        try:
            return _PUSHED.validate_json(plain)
        except ValidationError as error:
            raise Unreadable("it carries no message that this phone knows") from error


def base64url(data: bytes) -> str:
    """Return *data* as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Return the bytes of *text*; raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
