"""Every signed token: the hub's requests and tickets, the phones' decisions and proofs.

What is not beyond doubt is refused, as None. Time is an argument, so lives are compared here, not by PyJWT.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from hub.adapters.tokens_jws import JWS, Claims, Refused, read, unverified_claims, unverified_header
from hub.adapters.tokens_keys import KeyRing, jwk_text, public_key
from hub.domain.device import Device
from hub.domain.ids import LoginId
from hub.protocol import (
    DECISION_LIFE_S,
    LEEWAY_S,
    PROOF_LIFE_S,
    DecisionClaims,
    ProofClaims,
    RequestClaims,
    TokenType,
    Wire,
)

TICKET_AUDIENCE: Final = "login-socket"
_DEVICE_KEYS_KEPT: Final = 10_000


class TicketClaims(Wire):
    """Claims of ``lumo-ticket+jwt``."""

    iss: str
    aud: str
    sub: str
    exp: int


class Tokens:
    """Signs for one hub and reads what is meant for it.

    Args:
        issuer: the hub's public URL.
        ticket_keys: 32 bytes each, the newest first; it signs, all verify.
    """

    def __init__(self, issuer: str, ring: KeyRing, ticket_keys: Sequence[bytes]) -> None:
        self._issuer = issuer
        self._ring = ring
        self._ticket_keys = tuple(ticket_keys)
        self._device_key = lru_cache(_DEVICE_KEYS_KEPT)(_key_of_text)

    def use(self, ring: KeyRing) -> None:
        """Sign and publish with *ring* from now on: this process or another one has rotated."""
        self._ring = ring

    # The hub's own -------------------------------------------------------------------------------------

    def sign_request(self, claims: RequestClaims, now: datetime) -> str:
        """Return the request JWS, signed with the key that signs at *now*."""
        key = self._ring.signer(now)
        headers = {"typ": TokenType.REQUEST.value, "kid": key.kid}
        return JWS.encode(_json(claims.to_wire()), key.private, "ES256", headers)

    def sign_ticket(self, login: LoginId, expires_at: datetime) -> str:
        """Return a login socket's ticket; a fraction of its last second is lost."""
        claims = TicketClaims(
            iss=self._issuer, aud=TICKET_AUDIENCE, sub=login, exp=int(expires_at.timestamp())
        )
        headers = {"typ": TokenType.TICKET.value}
        return JWS.encode(_json(claims.to_wire()), self._ticket_keys[0], "HS256", headers)

    def read_ticket(self, token: str, now: datetime) -> LoginId | None:
        """Return the login that *token* opens, or None if it opens none."""
        for key in self._ticket_keys:
            try:
                _, claims = read(token, TokenType.TICKET, key, TicketClaims)
            except Refused:
                continue
            # No leeway: the clock that set it is the hub's own.
            fits = claims.iss == self._issuer and claims.aud == TICKET_AUDIENCE
            return LoginId(claims.sub) if fits and now.timestamp() < claims.exp else None
        return None

    def jwks(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return the public keys that tokens in force may name, and the next one ahead of its use."""
        return self._ring.jwks(now)

    # A phone's -----------------------------------------------------------------------------------------

    def read_decision(self, token: str, device: Device, now: datetime) -> DecisionClaims | None:
        """Return the claims if *device* signed them for this hub and they are in force, else None."""
        try:
            claims = self._signed_by(device, token, TokenType.DECISION, DecisionClaims)
        except Refused:
            return None
        fits = claims.iss == device.id and claims.aud == self._issuer
        return claims if fits and _in_force(claims.iat, claims.exp, DECISION_LIFE_S, now) else None

    def read_proof(self, token: str, device: Device, nonce: str, now: datetime) -> ProofClaims | None:
        """Return the claims if *device* signed them for this hub over *nonce*, and in force, else None."""
        try:
            claims = self._signed_by(device, token, TokenType.PROOF, ProofClaims)
        except Refused:
            return None
        return claims if claims.iss == device.id and self._proves(claims, nonce, now) else None

    def named_nonce(self, token: str) -> str | None:
        """Return the nonce that a proof names; whoever made it, that is proven by :meth:`read_proof`."""
        try:
            nonce = unverified_claims(token).get("nonce")
        except Refused:
            return None
        return nonce if isinstance(nonce, str) else None

    def read_new_key(self, token: str, code: str, now: datetime) -> str | None:
        """Return the JWK (JSON text) that an enrolling proof over *code* shows and proves, else None.

        Members that a browser adds to its JWK (``ext``, ``key_ops``) are left out.
        """
        try:
            key = public_key(unverified_header(token).get("jwk"))
            header, claims = read(token, TokenType.PROOF, key, ProofClaims)
        except (Refused, ValueError):
            return None
        nameless = claims.iss is None and "kid" not in header
        return jwk_text(key) if nameless and self._proves(claims, code, now) else None

    def _signed_by(self, device: Device, token: str, kind: TokenType, model: type[Claims]) -> Claims:
        try:
            key = self._device_key(device.public_key)
        except ValueError:
            raise Refused from None
        header, claims = read(token, kind, key, model)
        if header.get("kid") != device.id:
            raise Refused
        return claims

    def _proves(self, claims: ProofClaims, nonce: str, now: datetime) -> bool:
        meant = claims.aud == self._issuer and claims.nonce == nonce
        return meant and _in_force(claims.iat, claims.exp, PROOF_LIFE_S, now)


def _in_force(iat: int, exp: int, life_s: int, now: datetime) -> bool:
    at = now.timestamp()
    return iat <= at + LEEWAY_S and at < exp + LEEWAY_S and exp <= iat + life_s


def _key_of_text(jwk: str) -> ec.EllipticCurvePublicKey:
    return public_key(json.loads(jwk))


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()
