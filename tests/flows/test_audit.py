"""What is recorded, with what, and that nobody can rewrite it unseen."""

import json
import logging
from dataclasses import replace

import pytest

from hub.domain.audit import Actor, Event
from hub.domain.errors import Conflict, Invalid, WrongStep
from hub.flows.administer import AT_THE_COMMAND_LINE, Changes
from hub.ports import AuditFilter, Tx
from tests.databases import behind_the_store
from tests.routes.acting import ADA, admin, answer, change_policy, cookies_of, person, rows, sign_in
from tests.running import JSON, Phone, RunningHub, until

PASSWORD = "correct horse battery"
CLIENTS = ("httpx2", "httpcore2", "websockets")
# Held at warnings by hub.logs, whatever the hub's own level is.
QUIET = ("aiosqlite", "asyncio")


async def broken(hub: RunningHub) -> int | None:
    """Return the number of the first row of tenant ``demo`` that does not hold."""
    tenant = await hub.services.administer.tenant("demo")
    async with hub.services.store.read() as tx:
        return await tx.audit.first_broken(tenant.id)


def unsealed(hub: RunningHub) -> int:
    """Return how many rows are not in a chain yet."""
    return int(rows(hub, "SELECT count(*) FROM audit_unsealed")[0][0])


async def test_a_sign_in_leaves_its_trace_in_order(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    async with hub.browser() as browser:
        await sign_in(phone, browser)
        await browser.start()
        await answer(phone, browser, "deny")

    types = await hub.audit_types(tenant)
    assert types[:6] == [
        "tenant.created",
        "user.created",
        "enrollment.created",
        "device.enrolled",
        "challenge.asked",
        "challenge.approved",
    ]
    # What happened at one instant has no order.
    assert set(types[6:8]) == {"session.created", "browser.known"}
    assert types[8] == "challenge.asked"
    assert set(types[9:]) == {"challenge.denied", "browser.forgotten"}


async def test_rows_are_sealed_within_about_a_second_and_the_chain_holds_from_the_first(
    hub: RunningHub,
) -> None:
    tenant = await hub.tenant()
    _, phone = await person(hub, tenant)
    async with hub.browser() as browser:
        await sign_in(phone, browser)

    await until(lambda: unsealed(hub) == 0, within_s=3)

    assert await broken(hub) is None
    chain = rows(
        hub,
        "SELECT s.number, a.type FROM audit_seals s JOIN audit a ON a.id = s.audit_id"
        f" WHERE s.tenant_id = '{tenant.id}' ORDER BY s.number",
    )
    assert [number for number, _ in chain] == list(range(1, len(chain) + 1))
    assert chain[0] == (1, "tenant.created")
    assert len(chain) == rows(hub, f"SELECT count(*) FROM audit WHERE tenant_id = '{tenant.id}'")[0][0]


async def test_each_tenant_has_a_chain_of_its_own(hub: RunningHub) -> None:
    for slug in ("demo", "other"):
        await person(hub, await hub.tenant(slug), f"ada@{slug}.test")

    await until(lambda: unsealed(hub) == 0, within_s=3)

    firsts = rows(hub, "SELECT count(*) FROM audit_seals WHERE number = 1")
    assert firsts == [(2,)]


async def test_rows_can_be_neither_changed_nor_removed(hub: RunningHub) -> None:
    await hub.tenant()
    await until(lambda: unsealed(hub) == 0, within_s=3)
    for statement in (
        "UPDATE audit SET ip = '192.0.2.1'",
        "DELETE FROM audit",
        "UPDATE audit_seals SET number = 9",
        "DELETE FROM audit_seals",
    ):
        with pytest.raises(Exception, match="append"):
            await behind_the_store(hub.settings.database_url, statement)


@pytest.mark.parametrize("number", [1, 3])
async def test_whoever_gets_round_that_is_found_out(hub: RunningHub, number: int) -> None:
    await person(hub, await hub.tenant())
    await until(lambda: unsealed(hub) == 0, within_s=3)
    triggers = rows(
        hub, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_refuses_%'"
    )
    assert triggers

    await behind_the_store(
        hub.settings.database_url,
        *(f"DROP TRIGGER {name}" for (name,) in triggers),
        "UPDATE audit SET data = '{\"forged\": true}'"
        f" WHERE id = (SELECT audit_id FROM audit_seals WHERE number = {number})",
    )

    assert await broken(hub) == number


async def test_what_fails_leaves_no_trace_of_having_been_done(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    user, _ = await person(hub, tenant)
    await hub.user(tenant, "bob@demo.test")
    before = await hub.audit_types(tenant)

    with pytest.raises(Conflict):
        await hub.user(tenant, ADA)
    with pytest.raises(Invalid):
        await hub.user(tenant, "no address")
    with pytest.raises(Conflict):
        await hub.services.administer.change_user(
            tenant.id, user.id, Changes(email="bob@demo.test"), by=AT_THE_COMMAND_LINE
        )
    with pytest.raises(Conflict):
        await hub.tenant()
    async with hub.browser() as browser:
        await browser.start()
        begun = await hub.audit_types(tenant)
        with pytest.raises(WrongStep):
            await hub.services.complete.complete(
                "demo", browser.answer["login_id"], browser.http.cookies["lumo-login-demo"], None
            )

    assert begun == [*before, "challenge.asked"]
    assert await hub.audit_types(tenant) == begun


async def test_what_is_recorded_and_what_it_records_are_one_transaction(hub: RunningHub) -> None:
    """Whatever goes wrong after a record, both are undone."""
    tenant = await hub.tenant()
    record = hub.services.administer.record(
        Event.USER_CHANGED, tenant.id, hub.clock.now(), actor=Actor(AT_THE_COMMAND_LINE.actor.kind)
    )

    async def fail_after(tx: Tx) -> None:
        await tx.tenants.save(replace(tenant, name="Half done"))
        await tx.audit.add(record)
        raise WrongStep

    with pytest.raises(WrongStep):
        async with hub.services.store.begin() as tx:
            await fail_after(tx)

    assert await hub.audit_types(tenant) == ["tenant.created"]
    assert (await hub.services.administer.tenant("demo")).name == "Demo"


async def test_nothing_secret_is_in_the_log_or_the_logs(
    hub: RunningHub, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    tenant = await hub.tenant()
    user = await hub.user(tenant, password=PASSWORD)
    code = await hub.activation_code(user)
    phone = Phone(hub.url, now=hub.clock.now, pin="74185296")
    await phone.enroll(code)
    secrets = [PASSWORD, "wrong-horse", code, code.replace("-", "").lower(), phone.pin, "96385274"]
    async with hub.browser() as browser, hub.browser() as other:
        response = await browser.login_call("/login", {"email": ADA})
        secrets += [said[""] for said in cookies_of(response).values()]
        secrets += [browser.answer["socket"]["ticket"], browser.digits]
        pending = [data for (data,) in rows(hub, "SELECT data FROM audit")]
        async with phone.connected(JSON) as device, browser.watching() as page:
            (card,) = device.ready["pending"]
            await page.until("state")
            for pin in ("96385274", phone.pin):
                await device.decide(card["request"], match=browser.digits, pin=pin)
        for name, said in cookies_of(await browser.again("complete")).items():
            secrets += [said[""]] if "tenant" not in name else []
        await change_policy(hub, tenant, push_mode="second_factor")
        await other.start()
        await other.again("password", {"password": "wrong-horse"})
        await other.again("password", {"password": PASSWORD})
        await browser.call("GET", f"/t/demo/login?email={ADA}")

    written = "\n".join(data for (data,) in rows(hub, "SELECT data || coalesce(ip, '') FROM audit"))
    out, err = capfd.readouterr()
    # The clients of this test log too, and uvicorn's access log is off where pytest does not turn it on.
    hubs = [each for each in caplog.records if each.name not in ("uvicorn.access", *QUIET)]
    logged = (
        "\n".join(each.getMessage() for each in hubs if each.name.split(".")[0] not in CLIENTS) + out + err
    )
    assert "challenge.approved" in str(rows(hub, "SELECT type FROM audit"))
    for secret in secrets:
        assert secret not in written, secret
        assert secret not in logged, secret
    assert all("digits" not in json.loads(data) for data in pending)
    assert ADA not in logged


async def test_admins_read_the_hash_that_the_chain_is_over(hub: RunningHub) -> None:
    tenant = await hub.tenant()
    async with await admin(hub, tenant) as owner:
        told = (await owner.call("GET", "/t/demo/api/v1/admin/audit-logs?limit=200")).json()["items"]
    stored = dict(rows(hub, "SELECT id, hash FROM audit"))

    assert {row["id"]: row["hash"] for row in told}.items() <= stored.items()
    async with hub.services.store.read() as tx:
        for record, kept in await tx.audit.page(tenant.id, AuditFilter(), 200, None):
            assert record.hash == kept
