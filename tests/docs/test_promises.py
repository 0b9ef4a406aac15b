"""What the pages promise whoever runs a hub, tried on a running one."""

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from hub.app import WrongSecretKey, open_services
from tests import running
from tests.running import SECRET, Phone, RunningHub, running_hub
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
NEW_SECRET = "another secret key that only the tests know"


def shown(page: str, language: str) -> str:
    """Return the only block of *language* on a page."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return str(block)


async def test_a_stranger_on_a_signed_in_page_is_led_to_the_only_tenants_sign_in(hub: RunningHub) -> None:
    await hub.tenant("demo")
    async with hub.browser() as browser:
        browser.http.follow_redirects = True

        answer = await browser.http.get("/account/security")

        assert answer.url.path == "/t/demo/login"
        assert answer.status_code == 200


# docs/security.md: the audit log ------------------------------------------------------------------------


async def verified(hub: RunningHub) -> str:
    """Run the shown script as an operator does."""
    settings = {"HUB_DATABASE_URL": hub.settings.database_url, "HUB_SECRET_KEY": SECRET}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        shown("docs/security.md", "python"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode().strip()


async def test_the_shown_script_finds_a_row_that_was_changed(hub: RunningHub, tmp_path: Path) -> None:
    tenant = await hub.tenant("demo")
    await hub.user(tenant)
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as database:
        await running.until(lambda: not database.execute("SELECT 1 FROM audit_unsealed").fetchall())
        untouched = await verified(hub)

        database.execute("DROP TRIGGER audit_refuses_update")
        database.execute("UPDATE audit SET ip = '192.0.2.1' WHERE type = 'user.created'")
        changed = await verified(hub)

    assert untouched == "demo holds"
    assert changed == "demo broken at row 2"


# docs/operating.md: the secret key ----------------------------------------------------------------------


@asynccontextmanager
async def hub_under(folder: Path, secret: str, *previous: str, port: int = 0) -> AsyncIterator[RunningHub]:
    """Run the hub of *folder* with this secret key, and earlier ones beside it."""
    given = {"secret_key_previous": previous} if previous else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "SECRET", secret)
        async with running_hub(f"sqlite+aiosqlite:///{folder}/hub.db", port=port, **given) as hub:
            yield hub


async def signed_in(hub: RunningHub, phone: Phone) -> bool:
    """Sign in with the phone; say whether its PIN was taken."""
    async with hub.browser() as browser, phone.connected() as device:
        await browser.start()
        card = await device.until("challenge")
        answer = await device.decide(card["request"], match=browser.digits)
    return answer.get("status") == "approved"


def keys_of_pins(folder: Path) -> int:
    """Run the shown statement; return of how many keys there are PINs."""
    with closing(sqlite3.connect(folder / "hub.db")) as database:
        return len(database.execute(shown("docs/operating.md", "sql")).fetchall())


async def test_a_phone_that_approved_once_outlives_the_old_secret_key(tmp_path: Path) -> None:
    port = free_port()
    async with hub_under(tmp_path, SECRET, port=port) as hub:
        user = await hub.user(await hub.tenant("demo"))
        used, unused = [await hub.phone(user, name=name) for name in ("used", "unused")]
    async with hub_under(tmp_path, NEW_SECRET, SECRET, port=port) as hub:
        assert await signed_in(hub, used)
        assert keys_of_pins(tmp_path) == 2

    async with hub_under(tmp_path, NEW_SECRET, port=port) as hub:
        assert await signed_in(hub, used)
        assert not await signed_in(hub, unused)


async def test_a_secret_key_that_the_database_does_not_know_stops_the_start(tmp_path: Path) -> None:
    async with hub_under(tmp_path, SECRET) as hub:
        settings = hub.settings

    wrong = settings.model_copy(update={"secret_key": type(settings.secret_key)(NEW_SECRET)})

    with pytest.raises(WrongSecretKey):
        async with open_services(wrong):
            pass


async def test_a_dropped_key_is_of_no_use_after_one_start_beside_its_successor(tmp_path: Path) -> None:
    async with hub_under(tmp_path, SECRET):
        pass
    async with hub_under(tmp_path, NEW_SECRET, SECRET) as both:
        published = both.services.tokens.jwks(both.clock.now())["keys"]

    async with hub_under(tmp_path, NEW_SECRET) as hub:
        left = hub.services.tokens.jwks(hub.clock.now())["keys"]

    assert len(published) == 2
    assert left == published[1:]
