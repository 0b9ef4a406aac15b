"""WebAuthn credentials of the public address, read with py_webauthn (W3C Web Authentication Level 3).

The library is the judge. What is checked before it gives a refusal its name, and bounds what it is fed.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationFormat,
    AttestationObject,
    AuthenticatorData,
    CollectedClientData,
)

from hub.domain.address import PublicUrl
from hub.domain.device import Credential, Misfit

# ES256 first: what phones have. RS256 is for the ones of Windows.
ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
RSA_BITS: Final = range(2048, 4097)
CREDENTIAL_ID_MAX_BYTES: Final = 1023  # section 4, "Credential ID"
TEXT_MAX_CHARACTERS: Final = 8 * 1024
ASKING_MS: Final = 60_000

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_TEXTS: Final = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")


class Passkeys:
    """Reads for one public address what authenticators say; origin and RP ID are those of the address."""

    def __init__(self, address: PublicUrl) -> None:
        self._origin = address.origin
        # Browsers bind no credential to a number (section 5.1.3, step 7).
        self._rp_id = None if address.is_ip_address else address.hostname

    def creation_options(self, handle: str, account: str, tenant: str) -> dict[str, object] | None:
        """Return PublicKeyCredentialCreationOptionsJSON, or None where the address cannot have credentials.

        The challenge is empty: the phone puts the hash of its proof there.
        """
        if self._rp_id is None:
            return None
        return {
            "rp": {"id": self._rp_id, "name": tenant},
            "user": {"id": bytes_to_base64url(handle.encode()), "name": account, "displayName": account},
            "challenge": "",
            "pubKeyCredParams": [{"type": "public-key", "alg": int(each)} for each in ALGORITHMS],
            "timeout": ASKING_MS,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "authenticatorAttachment": "platform",
                "residentKey": "discouraged",
                "requireResidentKey": False,
                "userVerification": "required",
            },
            "attestation": "none",
        }

    def read_attestation(self, attestation: Mapping[str, object], challenge: bytes) -> Credential | Misfit:
        """Return the new credential, or what of it does not fit (section 7.1)."""
        if self._rp_id is None:
            return Misfit.RP_ID
        try:
            _demand_plain(attestation)
            said = parse_registration_credential_json(dict(attestation))
            client = parse_client_data_json(said.response.client_data_json)
            made = parse_attestation_object(said.response.attestation_object)
        except Exception:  # the library lets through whatever odd input makes its own tools raise
            return Misfit.FORM
        if misfit := self._misfit(client, made.auth_data, "webauthn.create", challenge):
            return misfit
        if not _is_bare(made):
            return Misfit.FORM
        try:
            found = verify_registration_response(
                credential=said,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=list(ALGORITHMS),
            )
            _demand_strong(found.credential_public_key)
        except Exception:  # as above
            return Misfit.SIGNATURE
        if found.credential_id != said.raw_id or len(said.raw_id) > CREDENTIAL_ID_MAX_BYTES:
            return Misfit.CREDENTIAL
        return Credential(said.id, bytes_to_base64url(found.credential_public_key), found.sign_count)

    def read_assertion(
        self, assertion: Mapping[str, object], credential: Credential, challenge: bytes
    ) -> Credential | Misfit:
        """Return *credential* with its counter moved on, or what does not fit (section 7.2)."""
        if self._rp_id is None:
            return Misfit.RP_ID
        try:
            _demand_plain(assertion)
            said = parse_authentication_credential_json(dict(assertion))
            client = parse_client_data_json(said.response.client_data_json)
            data = parse_authenticator_data(said.response.authenticator_data)
        except Exception:  # as above
            return Misfit.FORM
        if said.id != credential.id:
            return Misfit.CREDENTIAL
        if misfit := self._misfit(client, data, "webauthn.get", challenge):
            return misfit
        try:
            verify_authentication_response(
                credential=said,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(credential.public_key),
                # What the counter says counts for nothing before the signature holds: it is judged below.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception:  # as above
            return Misfit.SIGNATURE
        # Section 6.1.1: it must rise, unless the authenticator keeps none and never did.
        if (data.sign_count or credential.sign_count) and data.sign_count <= credential.sign_count:
            return Misfit.COUNTER
        return Credential(credential.id, credential.public_key, data.sign_count)

    def _misfit(
        self, client: CollectedClientData, data: AuthenticatorData, kind: str, challenge: bytes
    ) -> Misfit | None:
        """Return the first of the things said that is not what was asked for."""
        if client.type != kind:
            return Misfit.FORM
        if client.challenge != challenge:
            return Misfit.CHALLENGE
        if client.origin != self._origin or client.cross_origin:
            return Misfit.ORIGIN
        if data.rp_id_hash != hashlib.sha256((self._rp_id or "").encode()).digest():
            return Misfit.RP_ID
        if not (data.flags.up and data.flags.uv):
            return Misfit.USER_VERIFICATION
        return None


def _demand_plain(credential: Mapping[str, object]) -> None:
    """Raise where a text is no base64url, or longer than any that an authenticator makes.

    The library passes over what is no base64url, so what is kept as evidence could be anything.
    """
    response = credential["response"]
    if not isinstance(response, Mapping):
        raise TypeError
    for text in (credential["id"], *(response[name] for name in _TEXTS if name in response)):
        if not isinstance(text, str) or len(text) > TEXT_MAX_CHARACTERS or not _BASE64URL.fullmatch(text):
            raise ValueError


def _is_bare(made: AttestationObject) -> bool:
    """Whether nobody but the credential itself vouches for it: nothing else was asked for (section 5.4.7)."""
    if made.fmt == AttestationFormat.NONE:
        return True
    return made.fmt == AttestationFormat.PACKED and made.att_stmt.x5c is None


def _demand_strong(cose_key: bytes) -> None:
    """Raise where it is no key at all, or a weak one, or one that would take long to verify by."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(cose_key))
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not is_p256 and not (isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS):
        raise ValueError
