"""Adding a phone that approves by fingerprint or face, or takes web pushes (PROTOCOL.md sections 4 and 5)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.push.keys import BrowserKeys
from tests.routes.acting import ADA, audit, refused, rows, sign_in
from tests.routes.test_enrolling import a_phone, preview
from tests.running import Phone, RunningHub, sqlite_hub
from tests.soft_authenticator import USER_PRESENT, USER_VERIFIED, SoftAuthenticator, b64


@pytest.fixture
async def named(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub whose address is a name: browsers bind no credential to a number."""
    async with sqlite_hub(tmp_path, host="localhost") as running:
        yield running


def a_touching_phone(hub: RunningHub, **given: Any) -> Phone:
    """A phone with an authenticator that is not enrolled yet."""
    return a_phone(hub, authenticator=SoftAuthenticator(hub.url), **given)


async def test_a_preview_says_how_to_make_a_credential(named: RunningHub) -> None:
    user = await named.user(await named.tenant())
    code = await named.activation_code(user)
    other_code = await named.activation_code(user)

    seen, other = (await preview(named, code)).json(), (await preview(named, other_code)).json()

    assert seen["uv"] == ["pin", "webauthn"]
    options = seen["webauthn"]
    (enrollment, _) = [row[0] for row in rows(named, "SELECT id FROM enrollments ORDER BY created_at")]
    assert options["rp"] == {"id": "localhost", "name": "Demo"}
    assert options["user"] == {"id": b64(enrollment.encode()), "name": ADA, "displayName": ADA}
    assert options["user"]["id"] != other["webauthn"]["user"]["id"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"


async def test_where_the_address_is_a_number_there_are_pins_alone(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    code = await hub.activation_code(user)

    seen = (await preview(hub, code)).json()
    answer = await a_touching_phone(hub).enroll(code, extra=1)

    assert seen["uv"] == ["pin"]
    assert "webauthn" not in seen
    assert [each["field"] for each in refused(answer, 422, "invalid")["errors"]] == ["attestation"]
    assert (await a_phone(hub).enroll(code)).status_code == 201


@pytest.mark.parametrize(
    ("pin", "ways"), [(None, ["webauthn"]), ("", ["webauthn"]), ("2580", ["pin", "webauthn"])]
)
async def test_a_phone_is_enrolled_by_a_credential_alone_or_beside_a_pin(
    named: RunningHub, pin: str | None, ways: list[str]
) -> None:
    user = await named.user(await named.tenant())
    phone = a_touching_phone(named, pin=pin)

    assert (await phone.enroll(await named.activation_code(user))).status_code == 201

    browser = named.browser()
    await sign_in(phone, browser)
    (listed,) = (await browser.call("GET", "/api/v1/account/devices")).json()
    assert listed["uv"] == ways
    (enrolled,) = audit(named, "device.enrolled")
    assert enrolled["uv"] == ways
    assert enrolled["credential"] == phone.attestation("x")["id"]


async def test_a_phone_with_a_pin_alone_says_so(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    phone = await hub.phone(user)

    browser = hub.browser()
    await sign_in(phone, browser)

    (listed,) = (await browser.call("GET", "/api/v1/account/devices")).json()
    assert listed["uv"] == ["pin"]


async def test_neither_pin_nor_credential_leaves_the_code_good(named: RunningHub) -> None:
    code = await named.activation_code(await named.user(await named.tenant()))
    phone = a_touching_phone(named, pin=None)

    for nothing in ({"attestation": None}, {"attestation": None, "pin": ""}):
        refused(await phone.enroll(code, **nothing), 422, "uv_required")

    assert (await phone.enroll(code)).status_code == 201


FORGED: dict[str, dict[str, Any]] = {
    "another challenge": {"challenge": bytes(32)},
    "no challenge": {"challenge": b""},
    "another origin": {"origin": "https://evil.test"},
    "another port": {"origin": "http://localhost:1"},
    "in a frame of another site": {"cross": True},
    "another host": {"rp_id": "evil.test"},
    "nobody verified": {"flags": USER_PRESENT},
    "nobody present": {"flags": USER_VERIFIED},
    "an assertion's kind": {"type": "webauthn.get"},
    "another name inside": {"credential_id": bytes(32)},
    "an algorithm not asked for": {"cose": SoftAuthenticator("").cose(alg=-8)},
    "no key": {"cose": b"\xa0"},
    "a maker's statement": {"fmt": "tpm", "statement": {"x5c": [b""], "sig": b""}},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_a_forged_credential_enrols_nothing_also_beside_a_right_pin(
    named: RunningHub, forged: dict[str, Any]
) -> None:
    code = await named.activation_code(await named.user(await named.tenant()))
    phone = a_touching_phone(named)
    proof = phone.enrolling_proof(code)

    answer = await phone.enroll(code, proof=proof, attestation=phone.attestation(proof, **forged))

    assert [each["field"] for each in refused(answer, 422, "invalid")["errors"]] == ["attestation"]
    assert not audit(named, "device.enrolled")
    assert (await phone.enroll(code)).status_code == 201


async def test_a_credential_is_made_for_this_very_proof(named: RunningHub) -> None:
    """Else somebody who sees a credential being made could enrol it with a key of his own."""
    code = await named.activation_code(await named.user(await named.tenant()))
    phone, thief = a_touching_phone(named), a_phone(named)
    seen = phone.attestation(phone.enrolling_proof(code))

    refused(await thief.enroll(code, attestation=seen), 422, "invalid")
    refused(await thief.enroll(code, attestation=seen, proof="x"), 422, "invalid")

    assert (await phone.enroll(code)).status_code == 201


@pytest.mark.parametrize(
    "odd",
    [{}, {"id": 1}, {"response": []}, {"id": "A" * 9000, "response": {"clientDataJSON": "\u0000"}}],
    ids=repr,
)
async def test_an_odd_credential_is_refused(named: RunningHub, odd: dict[str, Any]) -> None:
    code = await named.activation_code(await named.user(await named.tenant()))

    answer = await a_phone(named).enroll(code, attestation=odd)

    assert [each["field"] for each in refused(answer, 422, "invalid")["errors"]] == ["attestation"]


@pytest.mark.parametrize("odd", [7, "x", []], ids=repr)
async def test_a_credential_that_is_no_object_is_refused(named: RunningHub, odd: Any) -> None:
    code = await named.activation_code(await named.user(await named.tenant()))

    answer = await a_phone(named).enroll(code, attestation=odd)

    assert [each["field"] for each in refused(answer, 422, "invalid")["errors"]] == ["attestation"]


# Web pushes ---------------------------------------------------------------------------------------------


async def test_a_phone_may_be_pushed_to_from_its_first_moment_on(hub: RunningHub) -> None:
    code = await hub.activation_code(await hub.user(await hub.tenant()))
    phone = a_phone(hub)
    subscription = BrowserKeys().subscription("https://push.example.com/a") | {"expirationTime": None}

    answer = await phone.enroll(code, push_subscription=subscription)

    assert answer.status_code == 201, answer.text
    assert phone.facts["push_subscribed"] is True
    assert len(phone.facts["vapid_public_key"]) == 87
    ((sealed,),) = rows(hub, "SELECT subscription FROM devices")
    assert "push.example.com" not in sealed
    async with phone.connected() as device:
        assert device.ready["push_subscribed"] is True
        assert device.ready["vapid_public_key"] == phone.facts["vapid_public_key"]


BAD = {
    "an inner address": BrowserKeys().subscription("https://10.0.0.1/a"),
    "without TLS": BrowserKeys().subscription("http://push.example.com/a"),
    "keys that are none": BrowserKeys().subscription("https://push.example.com/a")
    | {"keys": {"p256dh": "AA", "auth": "AA"}},
    "no keys": {"endpoint": "https://push.example.com/a"},
    "too long": BrowserKeys().subscription("https://push.example.com/" + "a" * 3000),
    "a number": 7,
    "an empty object": {},
    "null": None,
}


@pytest.mark.parametrize("subscription", BAD.values(), ids=BAD)
async def test_a_subscription_that_is_not_taken_refuses_no_enrolment(
    hub: RunningHub, subscription: Any
) -> None:
    code = await hub.activation_code(await hub.user(await hub.tenant()))
    phone = a_phone(hub)

    answer = await phone.enroll(code, push_subscription=subscription)

    assert answer.status_code == 201, answer.text
    assert phone.facts["push_subscribed"] is False
    assert rows(hub, "SELECT subscription FROM devices") == [(None,)]
