"""Secrets at rest: what the database file holds, and what each secret key opens (SECURITY.md)."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from pydantic import SecretStr

from hub.adapters.vault_hkdf import Vault
from hub.app import WrongSecretKey, open_services, unlock
from hub.domain.secret import Secret
from hub.server import listen, server
from hub.settings import Settings
from tests.routes.acting import ADA, answer, cookies_of, person, rows
from tests.running import (
    SECRET,
    Browser,
    Phone,
    RunningHub,
    ShiftedClock,
    running_hub,
    sqlite_hub,
    until,
)

PASSWORD = "correct horse battery"
NEW_KEY = "another secret key that came after it"


def on_disk(folder: Path) -> bytes:
    """Return every byte of the database, its journal too."""
    files = sorted(folder.glob("hub.db*"))
    assert files
    return b"\n".join(path.read_bytes() for path in files)


async def test_no_bearer_value_and_no_secret_is_in_the_database(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path) as hub:
        tenant = await hub.tenant()
        user = await hub.user(tenant, password=PASSWORD)
        used, open_code = [await hub.activation_code(user) for _ in range(2)]
        phone = Phone(hub.url, now=hub.clock.now, pin="74185296")
        await phone.enroll(used)
        async with hub.browser() as browser:
            begun = await browser.login_call("/login", {"email": ADA})
            await answer(phone, browser)
            completed = await browser.again("complete")
            await browser.start()
            page = await browser.call("GET", "/t/demo/login")
            async with hub.browser() as other:
                waiting = await other.start()
                digits = waiting["challenge"]["match"]["digits"]
                values = [
                    said[""]
                    for response in (begun, completed, page)
                    for name, said in cookies_of(response).items()
                    if "tenant" not in name
                ]
                with sqlite3.connect(tmp_path / "hub.db") as connection:
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                connection.close()
                raw = on_disk(tmp_path)
                columns = str(rows(hub, "SELECT * FROM challenges WHERE status = 'pending'"))

        assert len(values) >= 4
        for code in (used, open_code):
            values += [code, code.replace("-", ""), code.replace("-", "").lower()]
        for value in [*values, PASSWORD, phone.pin, SECRET, waiting["socket"]["ticket"]]:
            assert value.encode() not in raw, value
        assert digits not in columns
        for marker in (b"PRIVATE KEY", b"BEGIN EC"):
            assert marker not in raw
        assert ADA.encode() in raw


async def test_digits_are_sealed_while_open_and_gone_afterwards(hub: RunningHub) -> None:
    _, phone = await person(hub, await hub.tenant())
    async with hub.browser() as browser:
        await browser.start()
        ((sealed,),) = rows(hub, "SELECT digits FROM challenges")
        assert browser.digits not in sealed
        assert hub.services.vault.unseal("digits", sealed) == browser.digits

        await answer(phone, browser)
        assert rows(hub, "SELECT digits FROM challenges") == [(None,)]
        await browser.again("complete")
    for ending in ("deny", "cancel", "expire"):
        async with hub.browser() as browser:
            hub.clock.advance(3600)
            await browser.start()
            if ending == "deny":
                await answer(phone, browser, "deny")
            elif ending == "cancel":
                await browser.again("cancel")
            else:
                hub.clock.advance(120)
                async with open_services(hub.settings, clock=hub.clock) as (_, sweep):
                    await sweep.once()
            assert rows(hub, "SELECT count(*) FROM challenges WHERE digits IS NOT NULL") == [(0,)], ending


async def test_a_wrong_secret_key_stops_the_start(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path) as hub:
        url = hub.settings.database_url
        store = hub.services.store
        with pytest.raises(WrongSecretKey, match="HUB_SECRET_KEY"):
            await unlock(store, Vault([Secret(NEW_KEY)]))
        before = rows(hub, "SELECT * FROM kept ORDER BY name")
        wrong = hub.settings.model_copy(update={"secret_key": SecretStr(NEW_KEY)})
        with pytest.raises(WrongSecretKey):
            async with open_services(wrong):
                pass
        assert rows(hub, "SELECT * FROM kept ORDER BY name") == before

    async with running_hub(url, migrated=True) as again:
        assert (await again.services.administer.tenants()) == []


async def test_after_a_change_of_key_what_was_made_before_still_works(tmp_path: Path) -> None:
    public = "http://127.0.0.1:1"
    async with sqlite_hub(tmp_path, public_url=public) as hub:
        tenant = await hub.tenant()
        user = await hub.user(tenant)
        await hub.user(tenant, "password@demo.test", password=PASSWORD)
        code, open_code = [await hub.activation_code(user) for _ in range(2)]
        url = hub.settings.database_url
        phone = Phone(at(hub), now=hub.clock.now)
        phone.facts = (await enroll_at(hub, phone, public, code)).json()
        browser = Browser(public, "demo")
        browser.http.base_url = at(hub)
        await approve_at(hub, phone, browser)
        cookies = cookies_of(await browser.again("complete"))
        waiting = await browser.start()

    given = {"secret_key": NEW_KEY, "secret_key_previous": (SECRET,), "public_url": public}
    async with under(url, **given) as second:
        browser.http.base_url = at(second)
        listed = await browser.call("GET", "/api/v1/account/devices")
        assert [each["id"] for each in listed.json()] == [phone.id]
        assert (await browser.start())["login_id"] == waiting["login_id"]
        assert "match" not in browser.answer["challenge"]
        await approve_at(second, phone, browser)
        assert (await browser.again("complete")).status_code == 200
        preview = await browser.call("POST", "/api/v1/enroll/preview", {"activation_code": open_code})
        assert preview.status_code == 200

        # What verified is stored anew, so that the earlier key can be taken away one day.
        version = second.services.vault.mac("x", "x").split(".")[0]
        anew = rows(second, "SELECT pin_mac FROM devices UNION ALL SELECT token_mac FROM browsers")
        anew += rows(second, "SELECT value FROM kept WHERE name IN ('check', 'steady')")
        assert all(value.startswith(f"{version}.") for (value,) in anew), anew

    async with under(url, secret_key=NEW_KEY, public_url=public) as third:
        browser.http.base_url = at(third)
        assert "match" not in (await browser.start())["challenge"]
        await approve_at(third, phone, browser)
        await browser.http.aclose()
    assert any("known" in name for name in cookies)


async def enroll_at(hub: RunningHub, phone: Phone, public: str, code: str) -> httpx2.Response:
    """Enrol a phone at a hub that is not reached at its public address."""
    phone.url = public
    body = {
        "activation_code": code,
        "proof": phone.enrolling_proof(code),
        "device": {"name": phone.name, "platform": "test"},
        "pin": phone.pin,
    }
    async with httpx2.AsyncClient(base_url=at(hub)) as http:
        return await http.post("/api/v1/enroll", json=body)


async def approve_at(hub: RunningHub, phone: Phone, browser: Browser) -> None:
    """Sign in by a push as far as ``complete``, at a hub that is not reached at its public address."""
    begun = await browser.start()
    async with phone.connected(url=at(hub)) as device:
        (card,) = device.ready["pending"]
        digits = begun["challenge"].get("match", {}).get("digits")
        assert (await device.decide(card["request"], match=digits))["status"] == "approved"


def at(hub: RunningHub) -> str:
    """Return where the hub really listens, whatever its public address is."""
    host, port = hub.server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"


@asynccontextmanager
async def under(url: str, **given: Any) -> AsyncIterator[RunningHub]:
    """Run a hub on a database that another hub has left, under the secret key that is given."""
    settings = Settings(_env_file=None, database_url=url, port=0, **given)
    with listen("127.0.0.1", 0) as listening:
        serving = server(settings)
        serving.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        clock = ShiftedClock()
        serving.hub.clock = clock
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(serving.serve([listening]))
            await until(lambda: serving.started or task.done())
            services = serving.hub.services
            assert services is not None
            try:
                yield RunningHub(settings.address.origin, services, clock, settings, serving)
            finally:
                serving.should_exit = serving.force_exit = True


async def test_a_signing_keys_private_half_is_sealed(hub: RunningHub) -> None:
    await hub.tenant()
    ((sealed,),) = rows(hub, "SELECT private FROM signing_keys")

    pem = hub.services.vault.unseal("signing-key", sealed)

    assert isinstance(
        serialization.load_pem_private_key(pem.encode(), password=None), EllipticCurvePrivateKey
    )
