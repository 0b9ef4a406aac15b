"""What a phone shows, and what it signs."""

import base64
import hashlib
import json
import time
from typing import Any

import jwt
import pytest

from hub.protocol import ChallengeMessage, DecisionClaims, ProofClaims
from mobile_sim.device import RequestRefused, UnknownKey, enrolment_proof, new_key
from tests.sim.other_side import Signing, enrolled, request_claims, signed

HUB = Signing()
ADA = enrolled(HUB)


def message(jws: str) -> ChallengeMessage:
    return ChallengeMessage(id="chl_1", request=jws)


def asked(**changed: Any) -> ChallengeMessage:
    return message(signed(request_claims(ADA, **changed), HUB))


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims)}."


def test_a_fitting_request_is_read_with_all_that_it_tells() -> None:
    request = ADA.read(asked(match="required"), time.time())

    assert request.claims.ctx.city == "Vienna"
    assert request.needs_number


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"aud": "usr_2"}, "somebody else"),
        ({"iss": "https://evil.test"}, "not made by this account's hub"),
        ({"exp": int(time.time()) - 31}, "expired"),
        ({"jti": "chl_2"}, "another request"),
        ({"ctx": None}, "ctx"),
        ({"match": "maybe"}, "match"),
        ({"app": None}, "app"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        ADA.read(asked(**changed), time.time())


def test_a_request_of_another_kind_of_token_is_refused() -> None:
    with pytest.raises(RequestRefused, match="another kind of token"):
        ADA.read(message(signed(request_claims(ADA), HUB, typ="lumo-decision+jwt")), time.time())


def test_a_request_without_a_signature_is_refused() -> None:
    jws = unsigned(request_claims(ADA), {"alg": "none", "typ": "lumo-request+jwt", "kid": HUB.kid})

    with pytest.raises(RequestRefused, match="of a kind"):
        ADA.read(message(jws), time.time())


def test_a_request_signed_with_a_shared_secret_is_refused() -> None:
    jws = jwt.encode(
        request_claims(ADA), "k" * 32, algorithm="HS256", headers={"typ": "lumo-request+jwt", "kid": HUB.kid}
    )

    with pytest.raises(RequestRefused, match="of a kind"):
        ADA.read(message(jws), time.time())


def test_a_request_signed_with_an_unknown_key_asks_for_new_keys() -> None:
    with pytest.raises(UnknownKey):
        ADA.read(message(signed(request_claims(ADA), Signing("hub-2"))), time.time())


def test_a_request_that_borrows_the_name_of_a_known_key_is_refused() -> None:
    with pytest.raises(RequestRefused, match="signature"):
        ADA.read(message(signed(request_claims(ADA), Signing(HUB.kid))), time.time())


def test_what_is_no_token_at_all_is_refused() -> None:
    with pytest.raises(RequestRefused, match="not a signed request"):
        ADA.read(message("not.a-token"), time.time())


def test_a_request_just_past_its_end_is_still_read_and_kept_until_the_leeway_ends() -> None:
    now = int(time.time())

    request = ADA.read(asked(exp=now - 5), now)

    assert request.until == now + 25


def test_the_end_is_judged_by_the_hubs_clock() -> None:
    with pytest.raises(RequestRefused, match="expired"):
        ADA.read(asked(), time.time() + 3600)


def test_a_decision_is_signed_over_the_hash_of_what_was_shown() -> None:
    challenge = asked(match="required")
    request = ADA.read(challenge, time.time())

    decision = ADA.decision(request, "approve", 1_000_000, "482917")

    claims = DecisionClaims.model_validate(verified(decision, ADA.issuer))
    digest = hashlib.sha256(challenge.request.encode("ascii")).digest()
    assert base64.urlsafe_b64decode(claims.req + "=") == digest
    assert (claims.iss, claims.sub, claims.decision, claims.match) == ("dev_1", "chl_1", "approve", "482917")
    assert claims.exp - claims.iat <= 120
    assert jwt.get_unverified_header(decision) == {
        "alg": "ES256",
        "typ": "lumo-decision+jwt",
        "kid": "dev_1",
    }


def test_no_number_is_signed_where_none_was_asked() -> None:
    request = ADA.read(asked(), time.time())

    decision = ADA.decision(request, "approve", time.time(), "482917")

    assert "match" not in verified(decision, ADA.issuer)


def test_two_decisions_never_share_an_id() -> None:
    request = ADA.read(asked(), time.time())

    ids = {verified(ADA.decision(request, "deny", time.time()), ADA.issuer)["jti"] for _ in range(10)}

    assert len(ids) == 10


def test_a_proof_answers_the_nonce_with_the_devices_name() -> None:
    proof = ADA.proof("n-1", 1_000_000)

    claims = ProofClaims.model_validate(verified(proof, ADA.issuer))
    assert (claims.iss, claims.nonce, claims.exp - claims.iat) == ("dev_1", "n-1", 60)
    assert jwt.get_unverified_header(proof)["typ"] == "lumo-proof+jwt"


def test_an_enrolment_proof_carries_the_key_and_no_name() -> None:
    proof = enrolment_proof(new_key(), "ABCD-EFGH", "https://hub.test", 1_000_000)

    header = jwt.get_unverified_header(proof)
    claims = jwt.decode(
        proof,
        jwt.PyJWK(header["jwk"], "ES256").key,
        algorithms=["ES256"],
        audience="https://hub.test",
        options={"verify_exp": False},
    )
    assert claims["nonce"] == "ABCD-EFGH"
    assert "iss" not in claims
    assert "d" not in header["jwk"]


def test_the_key_is_not_printed_with_the_account() -> None:
    assert "key=" not in repr(ADA)


def verified(jws: str, audience: str) -> dict[str, Any]:
    return jwt.decode(
        jws, ADA.key.public_key(), algorithms=["ES256"], audience=audience, options={"verify_exp": False}
    )
