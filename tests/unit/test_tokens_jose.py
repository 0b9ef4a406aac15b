"""Every signed token: what the hub signs, and what it takes from phones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.tokens_jose import Tokens
from hub.adapters.tokens_keys import PUBLISHED_AHEAD, KeyRing, jwk_text, new_signing_key, public_key
from hub.adapters.vault_hkdf import Vault
from hub.domain.device import Device, DeviceStatus
from hub.domain.ids import DeviceId, EnrollmentId, LoginId, TenantId, UserId
from hub.domain.secret import Secret
from hub.protocol import DecisionClaims, ProofClaims, RequestClaims, RequestContext

HUB = "https://login.example.com"
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
AT = int(NOW.timestamp())
OLD, NEW = Secret("the secret of last year, long enough"), Secret("the secret of this year, long enough")
VAULT = Vault([NEW])
LOGIN = LoginId("lgn_01")
PHONE_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())
PHONE = Device(
    id=DeviceId("dev_01"),
    tenant_id=TenantId("ten_01"),
    user_id=UserId("usr_01"),
    name="Phone",
    platform="web",
    public_key=jwk_text(PHONE_KEY.public_key()),
    pin_mac="",
    status=DeviceStatus.ACTIVE,
    enrolled_at=NOW,
    enrollment_id=EnrollmentId("enr_01"),
)
NONCE = "nonce-of-the-hub"
CODE = "ABCD-2345"


# A phone that is written independently of what reads it ------------------------------------------------


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def es256(data: bytes, key: ec.EllipticCurvePrivateKey = PHONE_KEY) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass
class Draft:
    """A token before it is signed; a test changes what it is about."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: ec.EllipticCurvePrivateKey = PHONE_KEY
    raw_header: bytes | None = None
    raw_claims: bytes | None = None
    sign: Callable[[bytes, ec.EllipticCurvePrivateKey], bytes] = field(default=es256)

    def signed(self) -> str:
        header = self.raw_header or json.dumps(self.header).encode()
        claims = self.raw_claims if self.raw_claims is not None else json.dumps(self.claims).encode()
        signing_input = f"{b64(header)}.{b64(claims)}"
        return f"{signing_input}.{b64(self.sign(signing_input.encode(), self.key))}"


def decision(**claims: Any) -> Draft:
    header = {"alg": "ES256", "typ": "lumo-decision+jwt", "kid": PHONE.id}
    usual = {
        "iss": PHONE.id,
        "aud": HUB,
        "sub": "chl_01",
        "req": "hash",
        "decision": "approve",
        "iat": AT,
        "exp": AT + 120,
        "jti": "j-1",
    }
    return Draft(header, usual | claims)


def proof(**claims: Any) -> Draft:
    header = {"alg": "ES256", "typ": "lumo-proof+jwt", "kid": PHONE.id}
    usual = {"iss": PHONE.id, "aud": HUB, "nonce": NONCE, "iat": AT, "exp": AT + 60}
    return Draft(header, usual | claims)


def new_key(key: ec.EllipticCurvePrivateKey = PHONE_KEY, **claims: Any) -> Draft:
    header = {"alg": "ES256", "typ": "lumo-proof+jwt", "jwk": json.loads(PHONE.public_key)}
    return Draft(header, {"aud": HUB, "nonce": CODE, "iat": AT, "exp": AT + 60} | claims, key)


def make_tokens(vault: Vault = VAULT) -> Tokens:
    return Tokens(HUB, KeyRing.load([new_signing_key(NOW, NOW, vault)], vault), vault.keys("ticket"))


@pytest.fixture
def tokens() -> Tokens:
    return make_tokens()


# Decisions ---------------------------------------------------------------------------------------------


def test_a_phones_decision_is_read(tokens: Tokens):
    claims = tokens.read_decision(decision(match="123456").signed(), PHONE, NOW)

    assert claims == DecisionClaims(
        iss=PHONE.id,
        aud=HUB,
        sub="chl_01",
        req="hash",
        decision="approve",
        match="123456",
        iat=AT,
        exp=AT + 120,
        jti="j-1",
    )


def test_claims_and_headers_that_are_not_known_do_not_matter(tokens: Tokens):
    draft = decision(later="addition")
    draft.header["x-later"] = "addition"

    assert tokens.read_decision(draft.signed(), PHONE, NOW)


def without(draft: Draft, claim: str) -> Draft:
    del draft.claims[claim]
    return draft


def with_header(draft: Draft, **header: Any) -> Draft:
    draft.header |= header
    return draft


def without_header(draft: Draft, name: str) -> Draft:
    del draft.header[name]
    return draft


def with_raw_claims(draft: Draft, change: Callable[[str], str]) -> Draft:
    draft.raw_claims = change(json.dumps(draft.claims)).encode("utf-8", "surrogatepass")
    return draft


def signed_with(draft: Draft, sign: Callable[[bytes, ec.EllipticCurvePrivateKey], bytes]) -> Draft:
    draft.sign = sign
    return draft


def with_public_key_as_secret(encoded: bytes) -> Callable[[bytes, object], bytes]:
    return lambda data, _: hmac.digest(encoded, data, hashlib.sha256)


PEM = PHONE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
WRONG_DECISIONS = {
    "another phone's key": signed_with(decision(), lambda data, _: es256(data, OTHER_KEY)),
    "no signature": signed_with(decision(), lambda *_: b""),
    "a signature of zeros": signed_with(decision(), lambda *_: bytes(64)),
    "a signature in DER": signed_with(decision(), lambda data, key: key.sign(data, ec.ECDSA(SHA256()))),
    "alg none": signed_with(with_header(decision(), alg="none"), lambda *_: b""),
    "alg none, signed": with_header(decision(), alg="none"),
    "alg in capitals and small": with_header(decision(), alg="es256"),
    "alg of another curve": with_header(decision(), alg="ES384"),
    "alg missing": without_header(decision(), "alg"),
    "alg a list": with_header(decision(), alg=["ES256"]),
    "HS256 with the PEM": signed_with(with_header(decision(), alg="HS256"), with_public_key_as_secret(PEM)),
    "HS256 with the JWK": signed_with(
        with_header(decision(), alg="HS256"), with_public_key_as_secret(PHONE.public_key.encode())
    ),
    "HS256 with nothing": signed_with(with_header(decision(), alg="HS256"), with_public_key_as_secret(b"")),
    "typ of a proof": with_header(decision(), typ="lumo-proof+jwt"),
    "typ in capitals": with_header(decision(), typ="LUMO-DECISION+JWT"),
    "typ with its prefix": with_header(decision(), typ="application/lumo-decision+jwt"),
    "typ JWT": with_header(decision(), typ="JWT"),
    "typ missing": without_header(decision(), "typ"),
    "typ a list": with_header(decision(), typ=["lumo-decision+jwt"]),
    "kid of another": with_header(decision(), kid="dev_02"),
    "kid missing": without_header(decision(), "kid"),
    "kid null": with_header(decision(), kid=None),
    "kid a number": with_header(decision(), kid=1),
    "crit": with_header(decision(), crit=["x"], x=1),
    "crit empty": with_header(decision(), crit=[]),
    "crit null": with_header(decision(), crit=None),
    "crit known to the library": with_header(decision(), crit=["b64"], b64=True),
    "b64 false": with_header(decision(), crit=["b64"], b64=False),
    "iss of another": decision(iss="dev_02"),
    "iss a list": decision(iss=[PHONE.id]),
    "aud of another": decision(aud="https://elsewhere.example.com"),
    "aud with a slash": decision(aud=HUB + "/"),
    "aud a list": decision(aud=[HUB]),
    "aud null": decision(aud=None),
    "decision unknown": decision(decision="maybe"),
    "decision in capitals": decision(decision="APPROVE"),
    "match a number": decision(match=123456),
    "jti empty": decision(jti=""),
    "jti too long": decision(jti="j" * 129),
    "iat a float": decision(iat=float(AT)),
    "iat with a fraction": decision(iat=AT + 0.5),
    "iat text": decision(iat=str(AT)),
    "iat true": decision(iat=True),
    "exp true": decision(exp=True),
    "exp null": decision(exp=None),
    "exp a float": decision(exp=AT + 60.0),
    "exp huge": decision(exp=10**400),
    "exp and iat huge": decision(iat=10**400, exp=10**400),
    "iat hugely negative": decision(iat=-(10**400)),
    "a claim twice": with_raw_claims(decision(), lambda text: text[:-1] + ', "decision": "approve"}'),
    "a nested claim twice": with_raw_claims(decision(), lambda text: text[:-1] + ', "x": {"a": 1, "a": 1}}'),
    "exp infinite": with_raw_claims(
        decision(exp=0), lambda text: text.replace('"exp": 0', '"exp": Infinity')
    ),
    "exp not a number": with_raw_claims(decision(exp=0), lambda text: text.replace('"exp": 0', '"exp": NaN')),
    "exp of too many digits": with_raw_claims(
        decision(exp=0), lambda text: text.replace('"exp": 0', '"exp": ' + "9" * 5_000)
    ),
    "claims a list": with_raw_claims(decision(), lambda text: f"[{text}]"),
    "claims text": with_raw_claims(decision(), lambda _: '"approve"'),
    "claims null": with_raw_claims(decision(), lambda _: "null"),
    "claims empty": with_raw_claims(decision(), lambda _: ""),
    "claims not JSON": with_raw_claims(decision(), lambda text: text + "x"),
    "claims with a surrogate": with_raw_claims(decision(), lambda text: text.replace("j-1", "\ud800")),
    "claims with an escaped surrogate": with_raw_claims(
        decision(), lambda text: text.replace("j-1", "\\ud800")
    ),
    "claims nested deep": with_raw_claims(decision(), lambda _: "[" * 5_900),
    "too long": decision(more="x" * 8_192),
    **{
        f"{claim} missing": without(decision(), claim)
        for claim in ("iss", "aud", "sub", "req", "decision", "iat", "exp", "jti")
    },
}


@pytest.mark.parametrize("draft", WRONG_DECISIONS.values(), ids=WRONG_DECISIONS)
def test_a_decision_that_is_not_beyond_doubt_is_refused(draft: Draft, tokens: Tokens):
    assert tokens.read_decision(draft.signed(), PHONE, NOW) is None


def test_claims_in_utf16_or_with_a_byte_order_mark_are_refused(tokens: Tokens):
    for encoding in ("utf-16", "utf-8-sig", "utf-32"):
        draft = decision()
        draft.raw_claims = json.dumps(draft.claims).encode(encoding)

        assert tokens.read_decision(draft.signed(), PHONE, NOW) is None


def test_bytes_that_are_not_utf8_are_refused(tokens: Tokens):
    claims, header = decision(), decision()
    claims.raw_claims = b'{"iss":"\xff"}'
    header.raw_header = b'{"alg":"ES256","typ":"\xff"}'

    assert tokens.read_decision(claims.signed(), PHONE, NOW) is None
    assert tokens.read_decision(header.signed(), PHONE, NOW) is None


def tampered() -> dict[str, str]:
    header, claims, signature = decision().signed().split(".")
    token = f"{header}.{claims}.{signature}"
    der = encode_dss_signature(1, 1)
    other_claims = b64(json.dumps(decision(decision="deny").claims).encode())
    return {
        "": "",
        "dots": "..",
        "one part": header,
        "two parts": f"{header}.{claims}",
        "four parts": f"{token}.{signature}",
        "padding": f"{token}=",
        "double padding": f"{token}==",
        "a space before": f" {token}",
        "a line end": f"{token}\n",
        "a null": f"{token}\0",
        "standard base64": f"{header}.{claims}.{'+/' * 43}",
        "other claims": f"{header}.{other_claims}.{signature}",
        "detached": f"{header}..{signature}",
        "DER": f"{header}.{claims}.{b64(der)}",
        "JSON": json.dumps({"payload": claims, "protected": header, "signature": signature}),
        "beyond ASCII": "é" + token,
        "a surrogate": "\ud800" + token,
        "full-width dots": token.replace(".", "．"),
    }


@pytest.mark.parametrize("token", tampered().values(), ids=tampered())
def test_what_is_no_untouched_compact_jws_is_refused(token: str, tokens: Tokens):
    assert tokens.read_decision(token, PHONE, NOW) is None
    assert tokens.read_proof(token, PHONE, NONCE, NOW) is None
    assert tokens.read_new_key(token, CODE, NOW) is None
    assert tokens.read_ticket(token, NOW) is None


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\Z"))
def test_no_text_whatever_raises(text: str):
    tokens = READER

    assert tokens.read_decision(text, PHONE, NOW) is None
    assert tokens.read_new_key(text, CODE, NOW) is None
    assert tokens.read_ticket(text, NOW) is None


READER = make_tokens()


def test_a_device_whose_key_is_none_signs_nothing(tokens: Tokens):
    for broken in ("", "{}", "nonsense", "[]"):
        device = Device(**{name: getattr(PHONE, name) for name in PHONE.__slots__} | {"public_key": broken})

        assert tokens.read_decision(decision().signed(), device, NOW) is None


@pytest.mark.parametrize(
    ("iat", "exp", "fits"),
    [
        pytest.param(0, 120, True, id="the longest life"),
        pytest.param(0, 121, False, id="a second too long"),
        pytest.param(30, 150, True, id="made thirty seconds ahead"),
        pytest.param(31, 151, False, id="made further ahead"),
        pytest.param(-100, -29, True, id="over for less than the leeway"),
        pytest.param(-100, -30, False, id="over for the leeway"),
        pytest.param(-3600, 60, False, id="made long ago and still alive"),
    ],
)
def test_a_decision_is_in_force_for_its_life_and_the_leeway(iat: int, exp: int, fits: bool, tokens: Tokens):
    token = decision(iat=AT + iat, exp=AT + exp).signed()

    assert (tokens.read_decision(token, PHONE, NOW) is not None) is fits


def test_the_time_given_counts_and_no_other(tokens: Tokens):
    then = datetime(2001, 1, 1, tzinfo=UTC)
    at = int(then.timestamp())
    token = decision(iat=at, exp=at + 60).signed()

    assert tokens.read_decision(token, PHONE, then)
    assert tokens.read_decision(token, PHONE, NOW) is None


# Proofs ------------------------------------------------------------------------------------------------


def test_a_phones_proof_over_the_nonce_is_read(tokens: Tokens):
    claims = tokens.read_proof(proof().signed(), PHONE, NONCE, NOW)

    assert claims == ProofClaims(iss=PHONE.id, aud=HUB, nonce=NONCE, iat=AT, exp=AT + 60)


WRONG_PROOFS = {
    "another nonce": proof(nonce="another"),
    "nonce with a space": proof(nonce=NONCE + " "),
    "nonce missing": without(proof(), "nonce"),
    "nonce null": proof(nonce=None),
    "aud of another": proof(aud="https://elsewhere.example.com"),
    "iss of another": proof(iss="dev_02"),
    "iss missing": without(proof(), "iss"),
    "kid missing": without_header(proof(), "kid"),
    "a life too long": proof(exp=AT + 61),
    "over": proof(iat=AT - 90, exp=AT - 30),
    "typ of a decision": with_header(proof(), typ="lumo-decision+jwt"),
    "another key, shown": signed_with(
        with_header(proof(), jwk=json.loads(jwk_text(OTHER_KEY.public_key()))),
        lambda data, _: es256(data, OTHER_KEY),
    ),
    "a decision": with_header(decision(nonce=NONCE), typ="lumo-decision+jwt"),
}


@pytest.mark.parametrize("draft", WRONG_PROOFS.values(), ids=WRONG_PROOFS)
def test_a_proof_that_is_not_beyond_doubt_is_refused(draft: Draft, tokens: Tokens):
    assert tokens.read_proof(draft.signed(), PHONE, NONCE, NOW) is None


# Enrolling ---------------------------------------------------------------------------------------------


def test_an_enrolling_proof_shows_its_key_in_canonical_form(tokens: Tokens):
    draft = new_key()
    draft.header["jwk"] |= {"ext": True, "key_ops": ["verify"]}

    assert tokens.read_new_key(draft.signed(), CODE, NOW) == PHONE.public_key


def test_a_key_that_was_read_verifies_what_the_phone_signs_next(tokens: Tokens):
    shown = tokens.read_new_key(new_key().signed(), CODE, NOW)

    assert shown is not None
    assert public_key(json.loads(shown)) == PHONE_KEY.public_key()


def es384(data: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def p384_jwk() -> dict[str, str]:
    numbers = P384_KEY.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-384",
        "x": b64(numbers.x.to_bytes(48, "big")),
        "y": b64(numbers.y.to_bytes(48, "big")),
    }


PRIVATE_JWK = json.loads(PHONE.public_key) | {
    "d": b64(PHONE_KEY.private_numbers().private_value.to_bytes(32, "big"))
}
WRONG_NEW_KEYS = {
    "the key of another": new_key(OTHER_KEY),
    "a private key": with_header(new_key(), jwk=PRIVATE_JWK),
    "no key": without_header(new_key(), "jwk"),
    "null for a key": with_header(new_key(), jwk=None),
    "text for a key": with_header(new_key(), jwk=PHONE.public_key),
    "a symmetric key": signed_with(
        with_header(new_key(), alg="HS256", jwk={"kty": "oct", "k": "AAAA"}),
        with_public_key_as_secret(b"\0\0\0"),
    ),
    "another curve": signed_with(
        with_header(new_key(P384_KEY), alg="ES384", jwk=p384_jwk()), lambda data, key: es384(data, key)
    ),
    "alg none": signed_with(with_header(new_key(), alg="none"), lambda *_: b""),
    "another code": new_key(nonce="ABCD-2346"),
    "the code in small letters": new_key(nonce=CODE.lower()),
    "the code without its dash": new_key(nonce=CODE.replace("-", "")),
    "an issuer": new_key(iss=PHONE.id),
    "a kid": with_header(new_key(), kid=PHONE.id),
    "another hub": new_key(aud="https://elsewhere.example.com"),
    "a life too long": new_key(exp=AT + 61),
    "over": new_key(iat=AT - 90, exp=AT - 30),
    "typ of a decision": with_header(new_key(), typ="lumo-decision+jwt"),
    "crit": with_header(new_key(), crit=["jwk"]),
}


@pytest.mark.parametrize("draft", WRONG_NEW_KEYS.values(), ids=WRONG_NEW_KEYS)
def test_an_enrolling_proof_that_is_not_beyond_doubt_is_refused(draft: Draft, tokens: Tokens):
    assert tokens.read_new_key(draft.signed(), CODE, NOW) is None


# Requests ----------------------------------------------------------------------------------------------


def request_claims() -> RequestClaims:
    context = RequestContext(ip="192.0.2.1", browser="Firefox", os="Windows", at=AT)
    return RequestClaims(
        iss=HUB,
        aud="usr_01",
        jti="chl_01",
        iat=AT,
        exp=AT + 120,
        kind="login",
        app="Wiki – α",
        ctx=context,
        match="required",
    )


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims), signature


def verifies(token: str, jwk: dict[str, str]) -> bool:
    _, _, signature = parts_of(token)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    public_key(jwk).verify(der, token.rsplit(".", 1)[0].encode(), ec.ECDSA(SHA256()))
    return True


def test_a_request_verifies_with_the_published_key_that_it_names(tokens: Tokens):
    token = tokens.sign_request(request_claims(), NOW)

    header, claims, _ = parts_of(token)
    [published] = tokens.jwks(NOW)["keys"]
    assert header == {"alg": "ES256", "typ": "lumo-request+jwt", "kid": published["kid"]}
    assert claims == request_claims().to_wire()
    assert verifies(token, published)


def test_what_is_absent_is_left_out_of_a_request(tokens: Tokens):
    _, claims, _ = parts_of(tokens.sign_request(request_claims(), NOW))

    assert "msg" not in claims
    assert set(claims["ctx"]) == {"ip", "browser", "os", "at"}


def test_a_new_ring_is_used_from_its_time_on(tokens: Tokens):
    first, second = (
        new_signing_key(NOW, NOW, VAULT),
        new_signing_key(NOW, NOW + PUBLISHED_AHEAD, VAULT),
    )

    tokens.use(KeyRing.load([first, second], VAULT))

    before, after = NOW + PUBLISHED_AHEAD - timedelta(seconds=1), NOW + PUBLISHED_AHEAD
    assert parts_of(tokens.sign_request(request_claims(), before))[0]["kid"] == first.kid
    assert parts_of(tokens.sign_request(request_claims(), after))[0]["kid"] == second.kid
    assert [key["kid"] for key in tokens.jwks(NOW)["keys"]] == [first.kid, second.kid]


# Tickets -----------------------------------------------------------------------------------------------


def ticket(
    secret: bytes | None = None, typ: str = "lumo-ticket+jwt", alg: str = "HS256", **claims: Any
) -> str:
    key = VAULT.keys("ticket")[0] if secret is None else secret
    usual = {"iss": HUB, "aud": "login-socket", "sub": LOGIN, "exp": AT + 600} | claims
    draft = Draft({"alg": alg, "typ": typ}, usual)
    draft.sign = lambda data, _: hmac.digest(key, data, hashlib.sha256)
    return draft.signed()


def test_a_ticket_opens_its_login_until_it_is_over(tokens: Tokens):
    token = tokens.sign_ticket(LOGIN, NOW + timedelta(minutes=10))

    assert tokens.read_ticket(token, NOW) == LOGIN
    assert tokens.read_ticket(token, NOW + timedelta(seconds=599)) == LOGIN
    assert tokens.read_ticket(token, NOW + timedelta(minutes=10)) is None


def test_a_ticket_looks_as_the_contract_says(tokens: Tokens):
    header, claims, _ = parts_of(tokens.sign_ticket(LOGIN, NOW + timedelta(minutes=10)))

    assert header == {"alg": "HS256", "typ": "lumo-ticket+jwt"}
    assert claims == {"iss": HUB, "aud": "login-socket", "sub": LOGIN, "exp": AT + 600}


def test_a_ticket_outlives_a_change_of_the_hubs_secret():
    token = make_tokens(Vault([OLD])).sign_ticket(LOGIN, NOW + timedelta(minutes=10))

    assert make_tokens(Vault([NEW, OLD])).read_ticket(token, NOW) == LOGIN
    assert make_tokens(Vault([NEW])).read_ticket(token, NOW) is None


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(ticket(b"k" * 32), id="another key"),
        pytest.param(ticket(b""), id="no key"),
        pytest.param(ticket(aud="elsewhere"), id="another audience"),
        pytest.param(ticket(iss="https://elsewhere.example.com"), id="another hub"),
        pytest.param(ticket(exp=AT), id="over"),
        pytest.param(ticket(exp=AT + 0.5), id="a float"),
        pytest.param(ticket(sub=5), id="a number for a login"),
        pytest.param(ticket(typ="JWT"), id="another kind"),
        pytest.param(ticket(alg="none"), id="alg none"),
        pytest.param(ticket(alg="ES256"), id="alg of phones"),
        pytest.param(decision(sub=LOGIN, aud="login-socket").signed(), id="a decision"),
    ],
)
def test_a_ticket_that_is_not_beyond_doubt_opens_nothing(token: str, tokens: Tokens):
    assert tokens.read_ticket(token, NOW) is None
