"""A push as it should be, made with what is known of the standards and with nothing of the hub."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher

from tests.push.keys import base64url, point

MESSAGE = {"type": "challenge", "id": "chl_1", "request": "a.b.c", "account": "usr_1"}


@dataclass
class Sender:
    """An application server; what it is given by name replaces what is right, None leaves it out."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> str:
        """The key that browsers subscribe with."""
        return base64url(point(self.key))

    def authorization(self, origin: str, **claims: Any) -> str:
        """Return the header of VAPID."""
        now = int(datetime.now(UTC).timestamp())
        said = {"aud": origin, "exp": now + 3600, "sub": "mailto:operator@hub.test", **claims}
        token = jwt.encode({k: v for k, v in said.items() if v is not None}, self.key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"

    async def push(
        self,
        subscription: dict[str, Any],
        message: Any = MESSAGE,
        *,
        claims: dict[str, Any] | None = None,
        body: bytes | None = None,
        **headers: str | None,
    ) -> httpx2.Response:
        """Push *message* once, and return the service's answer."""
        origin = subscription["endpoint"].rsplit("/", 2)[0]
        right = {
            "Authorization": self.authorization(origin, **(claims or {})),
            "TTL": "60",
            "Urgency": "high",
            "Topic": "chl_1",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
        }
        changed = {name.replace("_", "-").title(): value for name, value in headers.items()}
        said = {name.title(): value for name, value in right.items()} | changed
        if body is None:
            body = encrypted(subscription, message)
        async with httpx2.AsyncClient(timeout=15, follow_redirects=False) as http:
            return await http.post(
                subscription["endpoint"],
                content=body,
                headers={name: value for name, value in said.items() if value is not None},
            )


def encrypted(subscription: dict[str, Any], message: Any = MESSAGE) -> bytes:
    """Return the body, encrypted by a library that is not the hub's own code."""
    body: bytes = WebPusher(subscription).encode(json.dumps(message).encode())["body"]
    return body
