"""The simulated phone against a real hub, both as processes of their own."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.domain.tenant import Tenant
from tests.processes import COMMANDS, HubProcess, SimProcess, operated
from tests.running import RunningHub, until

PIN = "2580"
COMES_BACK_WITHIN_S = 20.0
_numbers = count(1)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub on SQLite."""
    with HubProcess(tmp_path_factory.mktemp("hub"), {}) as running:
        yield running


@dataclass
class World:
    """A hub, a person, and the folder of the person's phone."""

    process: HubProcess
    operator: RunningHub
    tenant: Tenant
    folder: Path

    @property
    def state(self) -> list[str]:
        """The option that names the phone's memory."""
        return ["--state", str(self.folder / "phone.json")]

    async def enroll(self) -> Any:
        """Enrol the phone as a person would; return what it says."""
        code = await self.operator.activation_code(await self.operator.user(self.tenant))
        options = ["--hub", self.process.url, "--code", code, "--pin", PIN, "--name", "Nokia", "--json"]
        return _sim("enroll", *options, *self.state)

    def phone(self, *options: str) -> SimProcess:
        """Return the phone, not yet running."""
        return SimProcess(self.folder, ("--pin", PIN, *self.state, *options))


@pytest.fixture
async def world(process: HubProcess, tmp_path: Path) -> AsyncIterator[World]:
    """A tenant of this test's own."""
    database = f"sqlite+aiosqlite:///{process.folder}/hub.db"
    async with operated(database, process.url) as operator:
        tenant = await operator.tenant(f"test-{next(_numbers)}")
        yield World(process, operator, tenant, tmp_path)


async def test_a_phone_approves_outlives_a_restart_and_forgets_an_account_that_removed_it(
    world: World,
) -> None:
    enrolled = await world.enroll()
    with world.phone("--policy", "approve") as phone:
        await until(lambda: phone.events("ready"))
        first = await _sign_in(world, phone)

        world.process.stop()
        world.process.start()
        await until(lambda: len(phone.events("ready")) == 2, COMES_BACK_WITHIN_S)
        second = await _sign_in(world, phone, then_remove=enrolled["device_id"])
        code = phone.wait()

        assert enrolled["email"] == "ada@demo.test"
        assert (first, second) == ("done", "done")
        assert [event["status"] for event in phone.events("decided")] == ["approved", "approved"]
        assert phone.events("closed")[0]["code"] == 1012
        assert phone.events("closed")[-1]["code"] == 4403
        assert [event["why"] for event in phone.events("stopped")] == ["removed"]
        assert code == 1
        assert _sim("accounts", "--json", *world.state) == []


@pytest.mark.parametrize("frames", ["msgpack", "json"])
async def test_a_phone_denies_says_why_and_leaves(world: World, frames: str) -> None:
    await world.enroll()
    options = ["--policy", "deny", "--reason", "fraud", "--once", "--subprotocol", frames]
    with world.phone(*options) as phone:
        await until(lambda: phone.events("ready"))

        async with world.operator.browser(world.tenant.slug) as browser:
            await browser.start()
            async with browser.watching() as page:
                resolved = await page.until("resolved")
        code = phone.wait()

        request = phone.events("request")[0]["request"]
        assert request["ctx"]["ip"] == "127.0.0.1"
        assert request["match"] == "required"
        assert resolved["status"] == "denied"
        assert [event["status"] for event in phone.events("decided")] == ["denied"]
        assert len(phone.events("reported")) == 1
        assert code == 0
        audit = await world.operator.audit_types(world.tenant)
        assert "challenge.denied" in audit
        assert "challenge.reported" in audit


async def test_a_code_works_once(world: World) -> None:
    code = await world.operator.activation_code(await world.operator.user(world.tenant))
    options = ["--hub", world.process.url, "--code", code, "--pin", PIN]
    _sim("enroll", *options, "--json", *world.state)

    again = _run("enroll", *options, *world.state)

    assert again.returncode == 1
    assert again.stdout == ""
    assert again.stderr.count("\n") == 1


async def _sign_in(world: World, phone: SimProcess, then_remove: str | None = None) -> str:
    async with world.operator.browser(world.tenant.slug) as browser:
        await browser.start()
        async with browser.watching() as page:
            await page.until("state", step="push")
            phone.enter(browser.digits)
            await page.until("resolved", status="approved")
        step: str = (await browser.again("complete")).json()["step"]
        if then_remove is not None:
            await browser.call("DELETE", f"/api/v1/account/devices/{then_remove}")
        return step


def _sim(*arguments: str) -> Any:
    done = _run(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMANDS / "mobile-sim", *arguments], capture_output=True, text=True, env={}, timeout=30, check=False
    )
