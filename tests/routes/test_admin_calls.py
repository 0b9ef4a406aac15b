"""The calls of a tenant's admins (PROTOCOL.md section 4)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.account import Role
from tests.routes.acting import (
    ADA,
    admin,
    answer,
    audit,
    person,
    refused,
    rows,
    sign_in,
    sign_in_by_password,
)
from tests.running import Phone, RunningHub

ADMIN = "/t/demo/api/v1/admin"
SETTINGS, USERS, LOGS = f"{ADMIN}/settings/authentication", f"{ADMIN}/users", f"{ADMIN}/audit-logs"
PASSWORD = "correct horse battery"
NEW = {"require_push": False, "push_mode": "passwordless", "match": "new_browser", "challenge_ttl_s": 120}


# Settings


async def test_a_new_tenants_settings_are_read_and_replaced_whole(hub: RunningHub) -> None:
    async with await admin(hub, await hub.tenant()) as owner:
        given = (await owner.call("GET", SETTINGS)).json()
        assert given.items() >= NEW.items()
        wanted = given | {
            "require_push": True,
            "push_mode": "second_factor",
            "match": "always",
            "challenge_ttl_s": 30,
            "allowed_origins": ["https://app.example.org"],
            "return_addresses": ["https://app.example.org/back"],
        }

        put = await owner.call("PUT", SETTINGS, wanted)

        assert put.status_code == 200
        assert put.json() == wanted == (await owner.call("GET", SETTINGS)).json()
        (row,) = audit(hub, "settings.changed")
        assert row["changed"]["require_push"] == [False, True]
        assert row["changed"]["challenge_ttl_s"] == [120, 30]
        assert row["changed"].keys() == wanted.keys()
        await owner.call("PUT", SETTINGS, wanted)
        assert len(audit(hub, "settings.changed")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("challenge_ttl_s", 29),
        ("challenge_ttl_s", 601),
        ("challenge_ttl_s", "120"),
        ("challenge_ttl_s", 60.5),
        ("require_push", "yes"),
        ("require_push", None),
        ("push_mode", "sms"),
        ("match", ""),
        ("allowed_origins", ["https://app.example.org/"]),
        ("allowed_origins", "https://app.example.org"),
        ("return_addresses", ["http://app.example.org/back"]),
    ],
)
async def test_settings_that_are_not_right_change_nothing(hub: RunningHub, field: str, value: Any) -> None:
    async with await admin(hub, await hub.tenant()) as owner:
        given = (await owner.call("GET", SETTINGS)).json()

        problem = refused(await owner.call("PUT", SETTINGS, given | {field: value}), 422, "invalid")
        left_out = {name: given[name] for name in given if name != "match"}

        assert problem["errors"][0]["field"].startswith(field)
        assert (
            refused(await owner.call("PUT", SETTINGS, left_out), 422, "invalid")["errors"][0]["field"]
            == "match"
        )
        assert (await owner.call("GET", SETTINGS)).json() == given


async def test_settings_need_a_fresh_sign_in(hub: RunningHub) -> None:
    async with await admin(hub, await hub.tenant()) as owner:
        hub.clock.advance(600)

        assert (await owner.call("GET", SETTINGS)).status_code == 200
        refused(await owner.call("PUT", SETTINGS, NEW), 403, "step_up_required")


async def test_who_has_no_phone_cannot_require_one(hub: RunningHub) -> None:
    await hub.user(await hub.tenant(), role=Role.OWNER, password=PASSWORD)
    async with hub.browser() as browser:
        await sign_in_by_password(browser, ADA, PASSWORD)

        refused(await browser.call("PUT", SETTINGS, NEW | {"require_push": True}), 409, "conflict")

        assert (await browser.call("PUT", SETTINGS, NEW | {"match": "always"})).status_code == 200


# People


async def test_people_are_added_and_seen(hub: RunningHub) -> None:
    async with await admin(hub, await hub.tenant()) as owner:
        made = await owner.call("POST", USERS, {"email": "bob@demo.test", "name": "Bob", "role": "admin"})
        bob = made.json()

        assert made.status_code == 201
        expected = {"email": "bob@demo.test", "name": "Bob", "role": "admin", "status": "active"}
        assert bob.items() >= expected.items()
        assert bob["enrolled"] is False
        seen = (await owner.call("GET", f"{USERS}/{bob['id']}")).json()
        assert seen == bob | {"devices": []}
        refused(await owner.call("POST", USERS, {"email": "BOB@demo.test"}), 409, "conflict")
        for body, field in (
            ({"email": "bob"}, "email"),
            ({"name": "x"}, "email"),
            ({"email": "x@demo.test", "role": "king"}, "role"),
            ({"email": "x@demo.test", "name": "a\nb"}, "name"),
            ({"email": ["x@demo.test"]}, "email"),
        ):
            problem = refused(await owner.call("POST", USERS, body), 422, "invalid")
            assert problem["errors"][0]["field"] == field


async def test_the_list_comes_in_pages(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    for number in range(6):
        await hub.user(tenant, f"u{number}@demo.test")
    await hub.user(await hub.tenant("other"), "stranger@other.test")
    async with await admin(hub, tenant) as owner:
        emails: list[str] = []
        page: dict[str, Any] = {}
        cursor = ""
        for _ in range(4):
            page = (await owner.call("GET", f"{USERS}?limit=2{cursor}")).json()
            assert len(page["items"]) <= 2
            emails += [each["email"] for each in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"

        assert page["next_cursor"] is None
        # By id; those of one millisecond have no order.
        assert sorted(emails) == ["owner@demo.test", *(f"u{number}@demo.test" for number in range(6))]
        whole = (await owner.call("GET", USERS)).json()
        assert [each["email"] for each in whole["items"]] == emails
        owner_of_it = whole["items"][emails.index("owner@demo.test")]
        assert owner_of_it["enrolled"] is True
        assert owner_of_it["last_sign_in_at"]
        for limit in ("0", "201", "-1", "x", "1e2", ""):
            refused(await owner.call("GET", f"{USERS}?limit={limit}"), 422, "invalid")
        assert (await owner.call("GET", f"{USERS}?cursor=nonsense")).status_code == 200


async def test_a_person_is_changed_and_it_is_recorded(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    bob, phone = await person(hub, tenant, "bob@demo.test")
    await hub.user(tenant, "eve@demo.test")
    async with await admin(hub, tenant) as owner:
        path = f"{USERS}/{bob.id}"
        changed = await owner.call("PATCH", path, {"email": "robert@demo.test", "role": "admin"})

        assert changed.status_code == 200
        assert changed.json()["email"] == "robert@demo.test"
        assert [each["id"] for each in changed.json()["devices"]] == [phone.id]
        (row,) = audit(hub, "user.changed")
        assert row["email"] == ["bob@demo.test", "robert@demo.test"]
        assert row["role"] == ["user", "admin"]
        refused(await owner.call("PATCH", path, {"email": "EVE@demo.test"}), 409, "conflict")
        refused(await owner.call("PATCH", path, {"email": "no address"}), 422, "invalid")
        refused(await owner.call("PATCH", f"{USERS}/usr_unknown", {"name": "x"}), 404, "not_found")
        hub.clock.advance(600)
        assert (await owner.call("PATCH", path, {"name": "Robert"})).status_code == 200
        for change in ({"email": "x@demo.test"}, {"role": "user"}):
            refused(await owner.call("PATCH", path, change), 403, "step_up_required")


async def test_blocking_voids_all_that_is_open(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    bob, phone = await person(hub, tenant, "bob@demo.test")
    code = await hub.activation_code(bob)
    async with (
        await admin(hub, tenant) as owner,
        hub.browser() as signed_in,
        hub.browser() as approved,
        hub.browser() as waiting,
        phone.connected() as device,
    ):
        for browser in (signed_in, approved):
            await browser.start("bob@demo.test")
            card = await device.until("challenge")
            await device.decide(card["request"], match=browser.digits)
        await signed_in.again("complete")
        await waiting.start("bob@demo.test")
        async with waiting.watching() as page:
            await page.until("state")
            blocked = await owner.call("PATCH", f"{USERS}/{bob.id}", {"status": "blocked"})

            assert blocked.json()["status"] == "blocked"
            assert await page.until("resolved") == {"type": "resolved", "status": "cancelled"}
        assert await device.closed() == 4401
        refused(await signed_in.call("GET", "/api/v1/account/devices"), 401, "not_signed_in")
        refused(await approved.again("complete"), 409, "wrong_step")
        refused(await waiting.again("complete"), 409, "wrong_step")
        refused(await Phone(hub.url, now=hub.clock.now).enroll(code, extra=1), 404, "activation_code_invalid")
        assert rows(hub, "SELECT count(*) FROM challenges WHERE status = 'pending'") == [(0,)]
        async with phone.socket() as again:
            hello = await again.next()
            proof = phone.proof(hello["nonce"])
            await again.send({"type": "authenticate", "device_id": phone.id, "proof": proof})
            assert await again.closed() == 4401

        await owner.call("PATCH", f"{USERS}/{bob.id}", {"status": "active"})

        refused(await signed_in.call("GET", "/api/v1/account/devices"), 401, "not_signed_in")
        async with hub.browser() as fresh:
            await sign_in(phone, fresh, "bob@demo.test")
        assert len(audit(hub, "user.blocked")) == len(audit(hub, "user.unblocked")) == 1


async def test_an_admin_removes_a_phone_at_once(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    bob, phone = await person(hub, tenant, "bob@demo.test")
    eve, _ = await person(hub, tenant, "eve@demo.test")
    async with await admin(hub, tenant, Role.ADMIN) as browser, phone.connected() as device:
        refused(await browser.call("DELETE", f"{USERS}/{eve.id}/devices/{phone.id}"), 404, "not_found")
        removed = await browser.call("DELETE", f"{USERS}/{bob.id}/devices/{phone.id}")

        assert removed.status_code == 204
        assert await device.closed() == 4403
        refused(await browser.call("DELETE", f"{USERS}/{bob.id}/devices/{phone.id}"), 404, "not_found")


# Ranks


async def test_only_an_owner_touches_an_owner(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    ada, phone = await person(hub, tenant, role=Role.OWNER)
    bob = await hub.user(tenant, "bob@demo.test")
    async with await admin(hub, tenant, Role.ADMIN) as plain:
        path = f"{USERS}/{ada.id}"
        for change in (
            {"name": "x"},
            {"email": "x@demo.test"},
            {"role": "user"},
            {"status": "blocked"},
        ):
            refused(await plain.call("PATCH", path, change), 403, "forbidden")
        refused(await plain.call("DELETE", f"{path}/devices/{phone.id}"), 403, "forbidden")
        refused(await plain.call("PATCH", f"{USERS}/{bob.id}", {"role": "owner"}), 403, "forbidden")
        refused(await plain.call("POST", USERS, {"email": "x@demo.test", "role": "owner"}), 403, "forbidden")

        assert (await plain.call("PATCH", f"{USERS}/{bob.id}", {"role": "admin"})).status_code == 200
    async with await admin(hub, tenant) as owner:
        assert (await owner.call("DELETE", f"{path}/devices/{phone.id}")).status_code == 204
        assert (await owner.call("PATCH", path, {"role": "user"})).status_code == 200


@pytest.mark.parametrize("change", [{"role": "admin"}, {"status": "blocked"}])
async def test_the_last_owner_stays(hub: RunningHub, change: dict[str, str]) -> None:
    tenant = await hub.tenant()
    async with await admin(hub, tenant) as owner:
        (own,) = (await owner.call("GET", USERS)).json()["items"]
        refused(await owner.call("PATCH", f"{USERS}/{own['id']}", change), 409, "conflict")
        blocked = await hub.user(tenant, "second@demo.test", role=Role.OWNER)
        assert (await owner.call("PATCH", f"{USERS}/{blocked.id}", {"status": "blocked"})).status_code == 200
        refused(await owner.call("PATCH", f"{USERS}/{own['id']}", change), 409, "conflict")
        third = await hub.user(tenant, "third@demo.test", role=Role.OWNER)

        answers = await asyncio.gather(
            *(owner.call("PATCH", f"{USERS}/{who}", {"role": "user"}) for who in (own["id"], third.id))
        )

        assert 200 in [each.status_code for each in answers]
        owners = rows(hub, "SELECT count(*) FROM users WHERE role = 'owner' AND status = 'active'")
        assert owners == [(1,)]


# The audit log


async def test_the_log_is_read_newest_first_and_filtered(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    bob, phone = await person(hub, tenant, "bob@demo.test")
    async with await admin(hub, tenant) as owner, hub.browser() as browser:
        hub.clock.advance(60)
        between = hub.clock.now() - timedelta(seconds=30)
        hub.clock.advance(1)
        await browser.start("bob@demo.test")
        await answer(phone, browser, "deny")

        async def log(query: str = "") -> list[dict[str, Any]]:
            response = await owner.call("GET", f"{LOGS}?{query}")
            assert response.status_code == 200, response.text
            items: list[dict[str, Any]] = response.json()["items"]
            return items

        everything = await log("limit=200")
        assert everything == sorted(everything, key=lambda row: str(row["id"]), reverse=True)
        assert {"id", "at", "type", "actor", "data", "hash"} <= everything[0].keys()
        denied = everything[0]
        assert (denied["type"], denied["user_id"]) == ("challenge.denied", bob.id)
        assert denied["actor"] == {"kind": "device", "id": phone.id}
        assert denied["ip"] == "127.0.0.1"
        assert await log("type=challenge.denied") == [denied]
        assert {row["user_id"] for row in await log(f"user={bob.id}")} == {bob.id}
        moment = between.strftime("%Y-%m-%dT%H:%M:%SZ")
        recent, earlier = await log(f"from={moment}"), await log(f"to={moment}&limit=200")
        assert [row["type"] for row in recent] == ["challenge.denied", "challenge.asked"]
        assert earlier + recent == [*everything[2:], *everything[:2]]
        assert await log("ip=192.0.2.1") == []
        assert all(row["ip"] == "127.0.0.1" for row in await log("ip=127.0.0.1"))
        paged, cursor = [], ""
        while True:
            page = (await owner.call("GET", f"{LOGS}?limit=3{cursor}")).json()
            paged += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert paged == everything
        for query in (
            "type=nonsense",
            "from=yesterday",
            "to=2026-11-24",
            "limit=0",
            "from=2026-11-24T03:00:00",
        ):
            refused(await owner.call("GET", f"{LOGS}?{query}"), 422, "invalid")


async def test_a_tenants_log_is_its_own(hub: RunningHub) -> None:
    await person(hub, await hub.tenant("other"), "eve@other.test")
    async with await admin(hub, await hub.tenant()) as owner:
        told = (await owner.call("GET", f"{LOGS}?limit=200")).text

        assert "eve@other.test" not in told
