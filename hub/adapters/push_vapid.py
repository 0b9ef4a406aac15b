"""How the hub names itself to push services (VAPID, RFC 8292): its key, and the tokens signed with it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hub.adapters.push_encryption import base64url

# At most 24 h (section 2). It is used for its first hours: a service whose clock runs ahead takes it too.
TOKEN_LIFE: Final = timedelta(hours=12)
USED_FOR: Final = timedelta(hours=4)
AUDIENCES_KEPT: Final = 256


def new_vapid_key() -> str:
    """Make a key; return it as PKCS 8 PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True, slots=True)
class Vapid:
    """The hub's key and the address of who runs it; tokens are kept for a while, one an audience."""

    key: ec.EllipticCurvePrivateKey
    subject: str
    _tokens: OrderedDict[str, tuple[datetime, str]] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, pem: str, subject: str) -> Self:
        """Take the key out of PEM; raises ValueError where it is none.

        Args:
            subject: ``mailto:`` or ``https:``, where a push service can complain.
        """
        key = load_pem_private_key(pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("not a P-256 key")
        return cls(key, subject)

    @property
    def public_key(self) -> str:
        """What browsers subscribe with: the uncompressed point, base64url."""
        return base64url(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def authorization(self, audience: str, now: datetime) -> str:
        """Return the header's value for the service at the origin *audience*."""
        return f"vapid t={self._token(audience, now)}, k={self.public_key}"

    def _token(self, audience: str, now: datetime) -> str:
        made_at, token = self._tokens.get(audience, (None, ""))
        if made_at is None or not made_at <= now < made_at + USED_FOR:
            claims = {"aud": audience, "exp": int((now + TOKEN_LIFE).timestamp()), "sub": self.subject}
            token = jwt.encode(claims, self.key, algorithm="ES256")
            self._tokens[audience] = now, token
        self._tokens.move_to_end(audience)
        if len(self._tokens) > AUDIENCES_KEPT:
            self._tokens.popitem(last=False)
        return token
