"""A WebAuthn authenticator and its browser in software (W3C WebAuthn Level 3): P-256, attestation `none`.

It shares nothing with the hub. Whatever an authenticator or a page could say wrongly can be said here.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
HERE = USER_PRESENT | USER_VERIFIED


def b64(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def challenge_over(token: str) -> bytes:
    """Return what a phone has its credential sign for *token*: its SHA-256 (PROTOCOL.md section 5)."""
    return hashlib.sha256(token.encode("ascii")).digest()


@dataclass
class SoftAuthenticator:
    """One credential, made for pages of *origin*; *counts* is whether its counter moves."""

    origin: str
    rp_id: str = "localhost"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    sign_count: int = 0
    counts: bool = True

    def attest(self, challenge: bytes, /, **forged: Any) -> dict[str, Any]:
        """Make the credential: RegistrationResponseJSON.

        Args:
            forged: ``cose`` (the public key's CBOR), ``fmt``, ``statement``, ``credential_id``, and what
                :meth:`client_data` and :meth:`authenticator_data` take.
        """
        client = self.client_data("webauthn.create", challenge, forged)
        inside = forged.get("credential_id", self.credential_id)
        data = self.authenticator_data(forged, ATTESTED)
        data += bytes(16) + len(inside).to_bytes(2, "big") + inside + forged.get("cose", self.cose())
        made = {"fmt": forged.get("fmt", "none"), "attStmt": forged.get("statement", {}), "authData": data}
        said = {"clientDataJSON": b64(client), "attestationObject": b64(cbor2.dumps(made)), "transports": []}
        return self._credential(said)

    def touch(self, challenge: bytes, /, **forged: Any) -> dict[str, Any]:
        """Sign with the person's finger on it: AuthenticationResponseJSON.

        Args:
            forged: ``key`` that signs instead, and what :meth:`client_data` and :meth:`authenticator_data`
                take.
        """
        if self.counts:
            self.sign_count += 1
        client = self.client_data("webauthn.get", challenge, forged)
        data = self.authenticator_data(forged)
        signed = data + hashlib.sha256(client).digest()
        signature = forged.get("key", self.key).sign(signed, ec.ECDSA(SHA256()))
        said = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._credential(said)

    def client_data(self, kind: str, challenge: bytes, forged: dict[str, Any]) -> bytes:
        """Return what the browser says (section 5.8.1); ``type``, ``challenge``, ``origin``, ``cross``."""
        said = {
            "type": forged.get("type", kind),
            "challenge": b64(forged.get("challenge", challenge)),
            "origin": forged.get("origin", self.origin),
            "crossOrigin": forged.get("cross", False),
        }
        return json.dumps(said, separators=(",", ":")).encode()

    def authenticator_data(self, forged: dict[str, Any], more: int = 0) -> bytes:
        """Return what the authenticator says (section 6.1); ``rp_id``, ``flags``, ``sign_count``."""
        host = hashlib.sha256(forged.get("rp_id", self.rp_id).encode()).digest()
        flags = forged.get("flags", HERE) | more
        return host + bytes([flags]) + forged.get("sign_count", self.sign_count).to_bytes(4, "big")

    def cose(self, **forged: Any) -> bytes:
        """Return the public key as COSE (RFC 9053 section 7.1.1); *forged* are ``alg`` and ``x``."""
        point = self.key.public_key().public_numbers()
        x = forged.get("x", point.x.to_bytes(32, "big"))
        return cbor2.dumps({1: 2, 3: forged.get("alg", -7), -1: 1, -2: x, -3: point.y.to_bytes(32, "big")})

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        name = b64(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
