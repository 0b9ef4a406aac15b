"""One enrolled account on the phone: its key, whom it trusts, what it signs and what it shows."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import ValidationError

from hub.protocol import (
    DECISION_LIFE_S,
    LEEWAY_S,
    PROOF_LIFE_S,
    ChallengeMessage,
    DecisionClaims,
    ProofClaims,
    RequestClaims,
    TokenType,
)

ALGORITHM: Final = "ES256"
REQUIRED_CLAIMS: Final = ["iss", "aud", "jti", "iat", "exp"]

Answer = Literal["approve", "deny"]


class RequestRefused(Exception):
    """The request is not for this account, not by its hub, or over: it is never shown."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class UnknownKey(RequestRefused):
    """Signed with a key that is not among the pinned ones; the hub may have a new one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A verified request, and the very text that was verified: what is seen is what is signed."""

    jws: str
    claims: RequestClaims
    until: float

    @property
    def id(self) -> str:
        """The challenge's id."""
        return self.claims.jti

    @property
    def needs_number(self) -> bool:
        """Whether approving takes the six digits that the browser shows."""
        return self.claims.match == "required"


@dataclass(frozen=True, slots=True)
class Account:
    """What enrolment left on the phone; *jwks* are the hub's pinned keys, as published."""

    device_id: str
    device_name: str
    user_id: str
    email: str
    tenant_slug: str
    tenant_name: str
    issuer: str
    socket_url: str
    jwks: Mapping[str, Any]
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def proof(self, nonce: str, now: float) -> str:
        """Return the proof that the device's key is here, for one *nonce* of the hub."""
        iat = int(now)
        claims = ProofClaims(
            iss=self.device_id, aud=self.issuer, nonce=nonce, iat=iat, exp=iat + PROOF_LIFE_S
        )
        return _sign(claims.to_wire(), self.key, {"typ": TokenType.PROOF, "kid": self.device_id})

    def decision(self, request: Request, answer: Answer, now: float, match: str | None = None) -> str:
        """Return the signed answer over the hash of exactly what was shown."""
        iat = int(now)
        claims = DecisionClaims(
            iss=self.device_id,
            aud=self.issuer,
            sub=request.id,
            req=fingerprint(request.jws),
            decision=answer,
            match=match if request.needs_number else None,
            iat=iat,
            exp=iat + DECISION_LIFE_S,
            jti=secrets.token_urlsafe(16),
        )
        return _sign(claims.to_wire(), self.key, {"typ": TokenType.DECISION, "kid": self.device_id})

    def read(self, message: ChallengeMessage, now: float) -> Request:
        """Return the request that *message* carries, verified at *now* by the hub's clock.

        Raises:
            UnknownKey: look whether the hub has published another key, then try again.
            RequestRefused: anything else that does not fit.
        """
        key = self._key_of(message.request)
        try:
            # The times are judged below, by the hub's clock and not by this machine's.
            payload = jwt.decode(
                message.request,
                key,
                algorithms=[ALGORITHM],
                audience=self.user_id,
                issuer=self.issuer,
                options={
                    "require": REQUIRED_CLAIMS,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            claims = RequestClaims.model_validate(payload)
        except jwt.InvalidIssuerError:
            raise RequestRefused("it was not made by this account's hub") from None
        except jwt.InvalidAudienceError:
            raise RequestRefused("it is meant for somebody else") from None
        except jwt.InvalidTokenError:
            raise RequestRefused("its signature does not fit") from None
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise RequestRefused(f"its field {where} is missing or wrong") from None
        if claims.jti != message.id:
            raise RequestRefused("it names another request than the message around it")
        if now >= claims.exp + LEEWAY_S:
            raise RequestRefused("it has expired")
        # One that arrives within the leeway still counts for the hub: it stays until that ends.
        until = claims.exp if now < claims.exp else claims.exp + LEEWAY_S
        return Request(jws=message.request, claims=claims, until=until)

    def _key_of(self, jws: str) -> ec.EllipticCurvePublicKey:
        try:
            header = jwt.get_unverified_header(jws)
        except jwt.InvalidTokenError:
            raise RequestRefused("it is not a signed request") from None
        if header.get("typ") != TokenType.REQUEST:
            raise RequestRefused("it is another kind of token")
        if header.get("alg") != ALGORITHM:
            raise RequestRefused("its signature is of a kind that the hub never uses")
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise RequestRefused("it does not say which key signed it")
        key = hub_key(self.jwks, kid)
        if key is None:
            raise UnknownKey("it is signed with a key that this phone does not know")
        return key


def hub_key(jwks: Mapping[str, Any], kid: str) -> ec.EllipticCurvePublicKey | None:
    """Return the P-256 key named *kid*, or nothing."""
    keys = jwks.get("keys")
    for jwk in keys if isinstance(keys, list) else []:
        if not isinstance(jwk, dict) or jwk.get("kid") != kid:
            continue
        if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256") or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = ECAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        except (jwt.InvalidKeyError, KeyError, ValueError):
            continue
        if isinstance(key, ec.EllipticCurvePublicKey):
            return key
    return None


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return the public half as a JWK (RFC 7517)."""
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def enrolment_proof(key: ec.EllipticCurvePrivateKey, code: str, issuer: str, now: float) -> str:
    """Return the proof for a device that has no id yet: *code* exactly as it is sent beside it."""
    iat = int(now)
    claims = ProofClaims(aud=issuer, nonce=code, iat=iat, exp=iat + PROOF_LIFE_S)
    return _sign(claims.to_wire(), key, {"typ": TokenType.PROOF, "jwk": public_jwk(key)})


def fingerprint(jws: str) -> str:
    """Return base64url of SHA-256 over *jws* as ASCII, without padding."""
    digest = hashlib.sha256(jws.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _sign(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey, header: dict[str, Any]) -> str:
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers=header)
