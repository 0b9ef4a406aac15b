"""The whole offline way with a real hub: sign in, web push, the phone wakes, approves, sleeps again."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.domain.account import User
from tests.processes import free_port
from tests.running import RunningHub, sqlite_hub, until
from tests.sim.test_unattended import Command, mobile_sim

PIN = "2580"


class World:
    """A hub that may push to one port, a person, and the memory of the person's phone."""

    def __init__(self, hub: RunningHub, user: User, port: int, folder: Path) -> None:
        self.hub = hub
        self.user = user
        self.port = port
        self.state = ("--state", str(folder / "phone.json"))

    async def enroll(self) -> str:
        """Enrol the phone; return its id."""
        code = await self.hub.activation_code(self.user)
        options = ("--hub", self.hub.url, "--code", code, "--pin", PIN, "--json")
        async with mobile_sim("enroll", *options, *self.state) as command:
            out, _ = await command.process.communicate()
        return str(json.loads(out)["device_id"])

    @contextlib.asynccontextmanager
    async def asleep(self, *options: str, port: int | None = None) -> AsyncIterator[Command]:
        """Run the phone with *options*; it falls asleep as soon as it may."""
        sleep = ("--sleep", "--sleep-after", "0.1", "--push-port", str(port or self.port))
        answering = ("--policy", "approve", "--pin", PIN, "--match", "-")
        async with mobile_sim("run", "--json", *answering, *sleep, *self.state, *options) as command:
            yield command


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    port = free_port()
    async with sqlite_hub(tmp_path, push_allow=(f"http://127.0.0.1:{port}",)) as hub:
        user = await hub.user(await hub.tenant())
        yield World(hub, user, port, tmp_path)


async def test_a_sleeping_phone_is_woken_and_approves_a_sign_in(world: World) -> None:
    device = await world.enroll()
    async with world.asleep() as phone, world.hub.browser() as browser:
        await phone.tells("asleep")
        await until(lambda: nobody_listens(world.hub, device))
        await browser.start()
        async with browser.watching() as page:
            phone.type(f"{browser.digits}\n")
            woken = await phone.tells("woken")
            resolved = await page.until("resolved")
        completed = await browser.again("complete")
        decided = await phone.tells("decided")
        await phone.tells("asleep")

    assert (woken["by"], woken["app"]) == ("push", "Demo")
    assert resolved["status"] == decided["status"] == "approved"
    assert completed.json()["step"] == "done"


async def test_a_sleeping_phone_is_told_that_a_request_is_over(world: World) -> None:
    device = await world.enroll()
    async with world.asleep("--policy", "ask") as phone, world.hub.browser() as browser:
        await phone.tells("asleep")
        await until(lambda: nobody_listens(world.hub, device))
        await browser.start()
        request = await phone.tells("request")
        await browser.again("cancel")
        resolved = await phone.tells("resolved")
        pushed = await phone.tells("pushed")

    assert resolved["id"] == pushed["id"] == request["id"]
    assert (pushed["kind"], pushed["status"]) == ("resolved", "cancelled")


async def test_a_test_request_wakes_it_and_signs_nobody_in(world: World) -> None:
    await world.enroll()
    async with world.asleep("--test", "--once") as phone:
        await phone.tells("test_asked")
        await phone.tells("asleep")
        await phone.tells("woken")
        request = await phone.tells("request")

        assert (await phone.tells("decided"))["status"] == "approved"
        assert await phone.code() == 0
    assert (request["request"]["kind"], request["request"]["match"]) == ("test", "none")


async def test_a_hub_that_does_not_allow_its_port_is_told_how_to(world: World) -> None:
    await world.enroll()
    other = free_port()
    async with world.asleep(port=other) as phone:
        error = await phone.tells("error")

    assert error["code"] == "bad_subscription"
    assert f"HUB_PUSH_ALLOW=http://127.0.0.1:{other}" in error["detail"]


async def nobody_listens(hub: RunningHub, device: str) -> bool:
    return await hub.services.bus.listeners(f"device:{device}") == [0]
