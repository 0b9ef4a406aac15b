"""Adding a phone by an activation code (PROTOCOL.md section 4, SECURITY.md *Binding*)."""

import asyncio
from typing import Any

import httpx2
import pytest

from hub.domain.device import NAME_MAX
from hub.domain.enrollment import CARRIED_LIFE, ON_SCREEN_LIFE
from hub.flows.administer import AT_THE_COMMAND_LINE
from hub.flows.base import OPERATOR
from hub.protocol import parse_time
from tests.routes.acting import ADA, audit, person, refused
from tests.running import Phone, RunningHub


def a_phone(hub: RunningHub, **given: Any) -> Phone:
    """A phone that is not enrolled yet."""
    return Phone(hub.url, now=hub.clock.now, **given)


async def preview(hub: RunningHub, code: str) -> httpx2.Response:
    """Look at whose code it is."""
    async with httpx2.AsyncClient(base_url=hub.url) as http:
        return await http.post("/api/v1/enroll/preview", json={"activation_code": code})


async def test_a_code_shows_whose_it_is_and_binds_a_phone(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    code = await hub.activation_code(user)
    phone = a_phone(hub)

    seen = (await preview(hub, code)).json()
    await phone.enroll(code)

    assert seen.keys() == {"tenant", "email", "expires_at", "issuer", "server_time", "uv", "pin_length"}
    assert seen["tenant"] == {"slug": "demo", "name": "Demo"}
    assert seen["email"] == ADA
    assert seen["issuer"] == hub.url
    assert seen["pin_length"] == {"min": 4, "max": 8}
    assert "pin" in seen["uv"]
    assert abs((parse_time(seen["server_time"]) - hub.clock.now()).total_seconds()) < 5
    facts = phone.facts
    assert facts.keys() >= {"device_id", "user_id", "issuer", "socket_url", "jwks", "tenant", "email"}
    assert "vapid_public_key" in facts
    assert (facts["user_id"], facts["email"], facts["issuer"]) == (user.id, ADA, hub.url)
    assert facts["socket_url"] == f"{hub.url.replace('http', 'ws')}/ws/device"
    assert facts["jwks"]["keys"][0]["alg"] == "ES256"
    async with phone.connected() as device:
        assert device.ready["account"] == {"user_id": user.id, "tenant": seen["tenant"], "email": ADA}


@pytest.mark.parametrize("life", [ON_SCREEN_LIFE, CARRIED_LIFE])
async def test_a_code_may_be_typed_as_it_looks(hub: RunningHub, life: Any) -> None:
    """The proof is over the text as it was sent, not over the code that it means."""
    user = await hub.user(await hub.tenant())
    looks = str.maketrans({"0": "O", "1": "l"})
    for spell in (str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.translate(looks)} "):
        made = await hub.services.activate.create(user.tenant_id, user.id, life=life, actor=OPERATOR)
        typed = spell(made.code.reveal())

        assert (await preview(hub, typed)).status_code == 200
        meant = made.code.reveal()
        if typed != meant:
            phone = a_phone(hub)
            over_another = await phone.enroll(typed, proof=phone.enrolling_proof(meant))
            assert refused(over_another, 422, "invalid")["errors"][0]["field"] == "proof"
        assert (await a_phone(hub).enroll(typed)).status_code == 201


async def test_a_code_is_good_for_one_phone_also_at_once(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    code = await hub.activation_code(user)
    phones = [a_phone(hub) for _ in range(5)]

    answers = await asyncio.gather(*(phone.enroll(code, extra=1) for phone in phones))

    assert sorted(each.status_code for each in answers) == [201, 404, 404, 404, 404]
    refused(await preview(hub, code), 404, "activation_code_invalid")
    assert len(audit(hub, "device.enrolled")) == 1


async def test_unknown_used_expired_and_cancelled_codes_are_all_alike(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    used, expired, blocked = [await hub.activation_code(user) for _ in range(3)]
    await a_phone(hub).enroll(used)
    answers = [await preview(hub, used)]
    hub.clock.advance(CARRIED_LIFE.total_seconds())
    answers += [
        await preview(hub, expired),
        await preview(hub, "ABCD-EFGH"),
        await preview(hub, "not a code"),
    ]
    answers += [await a_phone(hub).enroll(blocked, extra=1)]

    bodies = [refused(each, 404, "activation_code_invalid") for each in answers]
    assert all(body == bodies[0] for body in bodies)


async def test_a_code_is_good_up_to_its_last_second(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    code = await hub.activation_code(user)
    hub.clock.advance(CARRIED_LIFE.total_seconds() - 20)

    assert (await a_phone(hub).enroll(code)).status_code == 201


async def test_what_is_not_right_leaves_the_code_good(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    code = await hub.activation_code(user)
    phone, other = a_phone(hub), a_phone(hub)
    device = {"name": "Pixel", "platform": "test"}
    wrong: list[tuple[dict[str, Any], str, str | None]] = [
        ({"pin": None}, "uv_required", None),
        ({"pin": ""}, "uv_required", None),
        ({"pin": "123"}, "invalid", "pin"),
        ({"pin": "123456789"}, "invalid", "pin"),
        ({"pin": "12a4"}, "invalid", "pin"),
        ({"pin": "١٢٣٤"}, "invalid", "pin"),
        ({"proof": "x"}, "invalid", "proof"),
        ({"proof": phone.enrolling_proof("ABCD-EFGH")}, "invalid", "proof"),
        ({"proof": phone.enrolling_proof(code, aud="https://evil.test")}, "invalid", "proof"),
        ({"proof": phone.enrolling_proof(code, iat=0, exp=60)}, "invalid", "proof"),
        ({"proof": other.sign("lumo-proof+jwt", {"aud": hub.url, "nonce": code})}, "invalid", "proof"),
        ({"device": device | {"name": " "}}, "invalid", "device.name"),
        ({"device": device | {"name": "x" * (NAME_MAX + 1)}}, "invalid", "device.name"),
        ({"device": device | {"name": "a\nb"}}, "invalid", "device.name"),
        ({"device": device | {"platform": ""}}, "invalid", "device.platform"),
        ({"device": {"name": "Pixel"}}, "invalid", "device.platform"),
        ({"pin": 2580}, "invalid", "pin"),
    ]
    for body, error, field in wrong:
        problem = refused(await phone.enroll(code, **body), 422, error)
        if field is not None:
            assert field in [each["field"] for each in problem["errors"]], body

    assert (await phone.enroll(code)).status_code == 201


async def test_guesses_are_counted_and_good_codes_are_not(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    codes = [await hub.activation_code(await hub.user(tenant, f"u{n}@demo.test")) for n in range(12)]
    for code in codes:
        assert (await preview(hub, code)).status_code == 200
    for number in range(10):
        refused(await preview(hub, f"ABCD-EF{number:02}"), 404, "activation_code_invalid")

    refused(await preview(hub, "ABCD-EFGH"), 429, "rate_limited")
    refused(await preview(hub, codes[0]), 429, "rate_limited")
    refused(await a_phone(hub).enroll(codes[0], extra=1), 429, "rate_limited")


async def test_ten_phones_are_enough(hub: RunningHub) -> None:
    user = await hub.user(await hub.tenant())
    codes = [await hub.activation_code(user) for _ in range(11)]
    for code in codes[:10]:
        await a_phone(hub).enroll(code)

    refused(await a_phone(hub).enroll(codes[10], extra=1), 409, "conflict")

    device = (await hub.services.devices.listed(user.id))[0].device
    await hub.services.devices.remove(user.tenant_id, user.id, device.id, actor=OPERATOR)
    assert (await a_phone(hub).enroll(codes[10])).status_code == 201


async def test_a_removed_phone_is_told_to_forget_the_account(hub: RunningHub) -> None:
    user, phone = await person(hub, await hub.tenant())
    async with phone.connected() as device:
        await hub.services.devices.remove(
            user.tenant_id, user.id, phone.facts["device_id"], actor=AT_THE_COMMAND_LINE.actor
        )
        assert await device.closed() == 4403
    async with phone.socket() as device:
        hello = await device.next()
        proof = phone.proof(hello["nonce"])
        await device.send({"type": "authenticate", "device_id": phone.id, "proof": proof})
        assert await device.closed() == 4403
