"""Reading WebAuthn: what fits, and each thing that does not."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.passkeys_webauthn import CREDENTIAL_ID_MAX_BYTES, TEXT_MAX_CHARACTERS, Passkeys
from hub.domain.address import PublicUrl
from hub.domain.device import Credential, Misfit
from tests.soft_authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    HERE,
    USER_PRESENT,
    USER_VERIFIED,
    SoftAuthenticator,
    b64,
)

ORIGIN = "https://login.example.org"
HOST = "login.example.org"
CHALLENGE = bytes(range(32))
HUB = Passkeys(PublicUrl(ORIGIN))


def an_authenticator(**given: Any) -> SoftAuthenticator:
    """One that was used at this hub."""
    return SoftAuthenticator(ORIGIN, HOST, **given)


def a_credential(authenticator: SoftAuthenticator) -> Credential:
    """The authenticator's credential, as the hub keeps it."""
    made = HUB.read_attestation(authenticator.attest(CHALLENGE), CHALLENGE)
    assert isinstance(made, Credential)
    return made


# Options ------------------------------------------------------------------------------------------------


def test_the_options_ask_for_a_verified_credential_of_the_phone_itself() -> None:
    options = HUB.creation_options("enr_1", "ada@example.org", "Acme")

    assert options is not None
    assert json.loads(json.dumps(options)) == options
    assert options["rp"] == {"id": HOST, "name": "Acme"}
    assert options["user"] == {
        "id": b64(b"enr_1"),
        "name": "ada@example.org",
        "displayName": "ada@example.org",
    }
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -257]  # type: ignore[attr-defined]
    assert options["authenticatorSelection"] == {
        "authenticatorAttachment": "platform",
        "residentKey": "discouraged",
        "requireResidentKey": False,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "https://[::1]:8000", "https://192.0.2.7"])
def test_an_address_that_is_a_number_has_no_credentials(origin: str) -> None:
    hub = Passkeys(PublicUrl(origin))
    authenticator = SoftAuthenticator(origin, PublicUrl(origin).hostname)
    attestation = authenticator.attest(CHALLENGE)
    credential = a_credential(an_authenticator())

    assert hub.creation_options("enr_1", "ada@example.org", "Acme") is None
    assert hub.read_attestation(attestation, CHALLENGE) is Misfit.RP_ID
    assert hub.read_assertion(authenticator.touch(CHALLENGE), credential, CHALLENGE) is Misfit.RP_ID


def test_the_port_is_the_origins_and_not_the_hosts() -> None:
    hub = Passkeys(PublicUrl("http://localhost:8000"))
    authenticator = SoftAuthenticator("http://localhost:8000", "localhost")

    assert isinstance(hub.read_attestation(authenticator.attest(CHALLENGE), CHALLENGE), Credential)
    elsewhere = authenticator.attest(CHALLENGE, origin="http://localhost:8001")
    assert hub.read_attestation(elsewhere, CHALLENGE) is Misfit.ORIGIN


# What fits ----------------------------------------------------------------------------------------------


def test_a_new_credential_then_signs() -> None:
    authenticator = an_authenticator()

    credential = a_credential(authenticator)
    after = HUB.read_assertion(authenticator.touch(CHALLENGE), credential, CHALLENGE)

    assert credential == Credential(b64(authenticator.credential_id), b64(authenticator.cose()), 0)
    assert after == Credential(credential.id, credential.public_key, 1)


@pytest.mark.parametrize("flags", [HERE, HERE | BACKUP_ELIGIBLE, HERE | BACKUP_ELIGIBLE | BACKED_UP])
def test_a_credential_may_be_one_that_the_system_syncs(flags: int) -> None:
    authenticator = an_authenticator()
    attestation = authenticator.attest(CHALLENGE, flags=flags)
    credential = a_credential(authenticator)

    assert isinstance(HUB.read_attestation(attestation, CHALLENGE), Credential)
    touched = authenticator.touch(CHALLENGE, flags=flags)
    assert isinstance(HUB.read_assertion(touched, credential, CHALLENGE), Credential)


def test_keys_of_windows_are_rsa() -> None:
    key = rsa.generate_private_key(65537, 2048)
    authenticator = an_authenticator()
    credential = HUB.read_attestation(authenticator.attest(CHALLENGE, cose=_rsa_cose(key)), CHALLENGE)
    assert isinstance(credential, Credential)

    class Signing:
        def sign(self, data: bytes, _: Any) -> bytes:
            return key.sign(data, padding.PKCS1v15(), SHA256())

    touched = authenticator.touch(CHALLENGE, key=Signing())
    assert isinstance(HUB.read_assertion(touched, credential, CHALLENGE), Credential)


def test_a_credential_may_vouch_for_itself() -> None:
    """A browser may leave a packed attestation that names no maker (WebAuthn section 5.1.3, step 22)."""
    authenticator = an_authenticator()
    plain = authenticator.attest(CHALLENGE)["response"]
    data = cbor2.loads(_raw(plain["attestationObject"]))["authData"]
    signature = authenticator.key.sign(data + _sha256(_raw(plain["clientDataJSON"])), ec.ECDSA(SHA256()))
    statement = {"alg": -7, "sig": signature}

    good = authenticator.attest(CHALLENGE, fmt="packed", statement=statement)
    bad = authenticator.attest(CHALLENGE, fmt="packed", statement=statement | {"sig": b"\x30\x00"})
    by_a_maker = authenticator.attest(CHALLENGE, fmt="packed", statement=statement | {"x5c": [b"\x30\x00"]})

    assert isinstance(HUB.read_attestation(good, CHALLENGE), Credential)
    assert HUB.read_attestation(bad, CHALLENGE) is Misfit.SIGNATURE
    assert HUB.read_attestation(by_a_maker, CHALLENGE) is Misfit.FORM


# What does not ------------------------------------------------------------------------------------------

FORGED: dict[str, tuple[dict[str, Any], Misfit]] = {
    "another challenge": ({"challenge": bytes(32)}, Misfit.CHALLENGE),
    "no challenge": ({"challenge": b""}, Misfit.CHALLENGE),
    "the challenge and more": ({"challenge": CHALLENGE + b"\0"}, Misfit.CHALLENGE),
    "another origin": ({"origin": "https://evil.test"}, Misfit.ORIGIN),
    "an origin below": ({"origin": f"https://a.{HOST}"}, Misfit.ORIGIN),
    "an origin that begins the same": ({"origin": f"{ORIGIN}.evil.test"}, Misfit.ORIGIN),
    "without TLS": ({"origin": f"http://{HOST}"}, Misfit.ORIGIN),
    "another port": ({"origin": f"{ORIGIN}:8443"}, Misfit.ORIGIN),
    "in a frame of another site": ({"cross": True}, Misfit.ORIGIN),
    "another host": ({"rp_id": "evil.test"}, Misfit.RP_ID),
    "the host's parent": ({"rp_id": "example.org"}, Misfit.RP_ID),
    "nobody verified": ({"flags": USER_PRESENT}, Misfit.USER_VERIFICATION),
    "nobody present": ({"flags": USER_VERIFIED}, Misfit.USER_VERIFICATION),
    "backed up though it cannot be": ({"flags": HERE | BACKED_UP}, Misfit.SIGNATURE),
    "of another kind": ({"type": "payment.get"}, Misfit.FORM),
}


@pytest.mark.parametrize(("forged", "misfit"), FORGED.values(), ids=FORGED)
def test_a_forged_answer_counts_for_nothing(forged: dict[str, Any], misfit: Misfit) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)

    assert HUB.read_attestation(authenticator.attest(CHALLENGE, **forged), CHALLENGE) is misfit
    assert HUB.read_assertion(authenticator.touch(CHALLENGE, **forged), credential, CHALLENGE) is misfit


def test_a_creation_is_no_assertion_and_the_other_way_round() -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)

    made = authenticator.attest(CHALLENGE, type="webauthn.get")
    touched = authenticator.touch(CHALLENGE, type="webauthn.create")

    assert HUB.read_attestation(made, CHALLENGE) is Misfit.FORM
    assert HUB.read_assertion(touched, credential, CHALLENGE) is Misfit.FORM
    assert HUB.read_attestation(authenticator.touch(CHALLENGE), CHALLENGE) is Misfit.FORM
    assert HUB.read_assertion(authenticator.attest(CHALLENGE), credential, CHALLENGE) is Misfit.FORM


def test_another_credential_does_not_sign_for_this_one() -> None:
    authenticator, other = an_authenticator(), an_authenticator()
    credential = a_credential(authenticator)

    theirs = other.touch(CHALLENGE)
    by_our_name = authenticator.touch(CHALLENGE, key=other.key)

    assert HUB.read_assertion(theirs, credential, CHALLENGE) is Misfit.CREDENTIAL
    assert HUB.read_assertion(by_our_name, credential, CHALLENGE) is Misfit.SIGNATURE


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_what_is_changed_after_signing_does_not_hold(part: str) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)
    assertion = authenticator.touch(CHALLENGE)
    raw = bytearray(_raw(assertion["response"][part]))
    if part == "clientDataJSON":
        raw += b" "
    else:
        raw[-1] ^= 1
    assertion["response"][part] = b64(bytes(raw))

    assert HUB.read_assertion(assertion, credential, CHALLENGE) is Misfit.SIGNATURE


@pytest.mark.parametrize(
    ("kept", "said", "fits"),
    [(0, 0, True), (0, 1, True), (7, 8, True), (7, 700, True), (7, 7, False), (7, 6, False), (7, 0, False)],
)
def test_a_counter_rises_or_is_not_kept_at_all(kept: int, said: int, fits: bool) -> None:
    """WebAuthn section 6.1.1."""
    authenticator = an_authenticator()
    made = a_credential(authenticator)
    credential = Credential(made.id, made.public_key, kept)

    after = HUB.read_assertion(authenticator.touch(CHALLENGE, sign_count=said), credential, CHALLENGE)

    if fits:
        assert after == Credential(made.id, made.public_key, said)
    else:
        assert after is Misfit.COUNTER


def test_a_counter_counts_only_under_a_signature_that_holds() -> None:
    authenticator = an_authenticator()
    made = a_credential(authenticator)
    credential = Credential(made.id, made.public_key, 7)

    forged = authenticator.touch(CHALLENGE, sign_count=3, key=an_authenticator().key)

    assert HUB.read_assertion(forged, credential, CHALLENGE) is Misfit.SIGNATURE


WEAK: dict[str, Callable[[], bytes]] = {
    "of an algorithm not asked for": lambda: an_authenticator().cose(alg=-8),
    "no point of the curve": lambda: an_authenticator().cose(x=bytes(31) + b"\x05"),
    "of another curve": lambda: cbor2.dumps({1: 2, 3: -7, -1: 2, -2: bytes(48), -3: bytes(48)}),
    "a short RSA key": lambda: cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\1\0\1"}),
    "an RSA key that takes long": lambda: cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 1025, -2: b"\1\0\1"}),
    "a number": lambda: cbor2.dumps(4),
    "an empty map": lambda: cbor2.dumps({}),
    "nested": lambda: b"\x81" * 3000 + b"\x00",
    "no CBOR": lambda: b"\xff",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("cose", WEAK.values(), ids=WEAK)
def test_a_key_that_is_weak_or_none_is_refused(cose: Callable[[], bytes]) -> None:
    attestation = an_authenticator().attest(CHALLENGE, cose=cose())

    assert isinstance(HUB.read_attestation(attestation, CHALLENGE), Misfit)


def test_the_name_outside_is_the_name_inside() -> None:
    authenticator = an_authenticator()
    huge = an_authenticator(credential_id=bytes(CREDENTIAL_ID_MAX_BYTES + 1))

    other_inside = authenticator.attest(CHALLENGE, credential_id=bytes(32))

    assert HUB.read_attestation(other_inside, CHALLENGE) is Misfit.CREDENTIAL
    assert HUB.read_attestation(huge.attest(CHALLENGE), CHALLENGE) is Misfit.CREDENTIAL


@pytest.mark.parametrize(
    "fmt", ["fido-u2f", "tpm", "apple", "android-key", "android-safetynet", "x", 7, None]
)
def test_a_maker_that_vouches_is_not_asked(fmt: Any) -> None:
    attestation = an_authenticator().attest(CHALLENGE, fmt=fmt, statement={"x5c": [b""], "sig": b""})

    assert HUB.read_attestation(attestation, CHALLENGE) is Misfit.FORM


# Odd input ----------------------------------------------------------------------------------------------

ODD: list[Any] = [
    None,
    7,
    "",
    "x",
    "\u0661",
    "é" * 40,
    [],
    {},
    True,
    "A" * (TEXT_MAX_CHARACTERS + 1),
    "=" * 30,
    "\0",
    "AA==",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("where", ["id", "rawId", "type", "response"])
def test_an_odd_field_is_refused_and_raises_nothing(where: str, odd: Any) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)
    attestation = authenticator.attest(CHALLENGE) | {where: odd}
    assertion = authenticator.touch(CHALLENGE) | {where: odd}

    assert isinstance(HUB.read_attestation(attestation, CHALLENGE), Misfit)
    assert isinstance(HUB.read_assertion(assertion, credential, CHALLENGE), Misfit)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("where", ["clientDataJSON", "authenticatorData", "signature", "attestationObject"])
def test_an_odd_field_inside_is_refused_and_raises_nothing(where: str, odd: Any) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)
    attestation, assertion = authenticator.attest(CHALLENGE), authenticator.touch(CHALLENGE)
    attestation["response"][where] = assertion["response"][where] = odd

    if where in ("clientDataJSON", "attestationObject"):
        assert isinstance(HUB.read_attestation(attestation, CHALLENGE), Misfit)
    if where != "attestationObject":
        assert isinstance(HUB.read_assertion(assertion, credential, CHALLENGE), Misfit)


@pytest.mark.parametrize("where", ["id", "rawId", "type", "response"])
def test_a_missing_field_is_refused(where: str) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)
    attestation, assertion = authenticator.attest(CHALLENGE), authenticator.touch(CHALLENGE)
    del attestation[where], assertion[where]

    assert HUB.read_attestation(attestation, CHALLENGE) is Misfit.FORM
    assert HUB.read_assertion(assertion, credential, CHALLENGE) is Misfit.FORM


@pytest.mark.parametrize(
    "client",
    [b"", b"[]", b"null", b"7", b"{", b"\xff", b"[" * 6000, b'{"type":"webauthn.get"}', b"\xef\xbb\xbf{}"],
    ids=repr,
)
def test_client_data_that_is_no_object_of_its_kind_is_refused(client: bytes) -> None:
    authenticator = an_authenticator()
    credential = a_credential(authenticator)
    attestation, assertion = authenticator.attest(CHALLENGE), authenticator.touch(CHALLENGE)
    attestation["response"]["clientDataJSON"] = assertion["response"]["clientDataJSON"] = b64(client)

    assert HUB.read_attestation(attestation, CHALLENGE) is Misfit.FORM
    assert HUB.read_assertion(assertion, credential, CHALLENGE) is Misfit.FORM


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["id", "rawId", "type", "response", "authenticatorAttachment"])


@given(st.dictionaries(_NAMES, _ANYTHING))
def test_nothing_that_can_be_sent_raises(anything: dict[str, Any]) -> None:
    credential = Credential("x", b64(an_authenticator().cose()), 0)

    assert isinstance(HUB.read_attestation(anything, CHALLENGE), Misfit)
    assert isinstance(HUB.read_assertion(anything, credential, CHALLENGE), Misfit)


@given(st.binary(max_size=120))
def test_no_bytes_raise_either(data: bytes) -> None:
    authenticator = an_authenticator()
    credential = Credential(b64(authenticator.credential_id), b64(authenticator.cose()), 0)
    attestation, assertion = authenticator.attest(CHALLENGE), authenticator.touch(CHALLENGE)
    attestation["response"]["attestationObject"] = assertion["response"]["authenticatorData"] = b64(data)

    assert isinstance(HUB.read_attestation(attestation, CHALLENGE), Misfit)
    assert isinstance(HUB.read_assertion(assertion, credential, CHALLENGE), Misfit)


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _rsa_cose(key: rsa.RSAPrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    modulus = numbers.n.to_bytes(key.key_size // 8, "big")
    return cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: numbers.e.to_bytes(3, "big")})
