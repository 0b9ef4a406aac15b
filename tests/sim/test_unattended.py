"""The command, as scripts use it: a process, its output, its exit code."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.protocol import (
    Ack,
    Authenticate,
    Close,
    Decide,
    Decided,
    ErrorCode,
    ErrorMessage,
    Report,
    Reported,
)
from mobile_sim.state import StateFile
from tests.sim.other_side import ADA, WITHIN_S, FakeHub


class Command:
    """One running ``mobile-sim``."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def tells(self, event: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            while line := await self.process.stdout.readline():
                told: dict[str, Any] = json.loads(line)
                if told["event"] == event:
                    return told
        raise AssertionError(f"it ended without {event}")

    async def says(self) -> str:
        assert self.process.stderr is not None
        async with asyncio.timeout(WITHIN_S):
            return (await self.process.stderr.read()).decode()

    async def code(self) -> int:
        async with asyncio.timeout(WITHIN_S):
            return await self.process.wait()

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())


@contextlib.asynccontextmanager
async def mobile_sim(*arguments: str, **environment: str) -> AsyncIterator[Command]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mobile_sim",
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield Command(process)
    finally:
        if process.returncode is None:
            process.kill()
        # Also closes the pipes.
        await process.communicate()


@contextlib.asynccontextmanager
async def listening(
    hub: FakeHub, memory: StateFile, *arguments: str, **environment: str
) -> AsyncIterator[Command]:
    memory.put(hub.account())
    options = ("run", "--state", str(memory.path), "--json", *arguments)
    async with mobile_sim(*options, **environment) as command:
        await hub.arrival()
        await hub.hears(Authenticate)
        yield command


async def test_each_event_is_a_line_of_json_with_the_verified_request(
    hub: FakeHub, memory: StateFile
) -> None:
    async with listening(hub, memory, "--policy", "deny", "--once") as command:
        assert (await command.tells("ready"))["pending"] == 0
        await hub.ask(hub.account())
        asked = await command.tells("request")
        await hub.hears(Ack)
        await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="denied"))

        assert (asked["account"], asked["id"]) == (ADA, "chl_1")
        assert asked["request"]["ctx"]["city"] == "Vienna"
        assert (await command.tells("decided"))["status"] == "denied"
        assert await command.code() == 0


async def test_the_pin_comes_from_the_environment(hub: FakeHub, memory: StateFile) -> None:
    async with listening(hub, memory, "--policy", "approve", MOBILE_SIM_PIN="2580") as command:
        await hub.ask(hub.account())
        await hub.hears(Ack)

        assert (await hub.hears(Decide)).pin == "2580"
        await command.tells("acked")
    assert "2580" not in memory.path.read_text(encoding="utf-8")


async def test_numbers_come_a_line_per_request_from_standard_input(hub: FakeHub, memory: StateFile) -> None:
    arguments = ("--policy", "approve", "--pin", "2580", "--match", "-")
    async with listening(hub, memory, *arguments) as command:
        command.type("111111\n222222\n")
        for id_, number in (("chl_1", "111111"), ("chl_2", "222222")):
            await hub.ask(hub.account(), jti=id_, match="required")
            await hub.hears(Ack)
            assert number_in(await hub.hears(Decide)) == number
            await hub.say(Decided(id=id_, status="approved"))
            await command.tells("decided")


@pytest.mark.parametrize("kind", ["file", "pipe"])
async def test_numbers_come_from_a_file_or_a_named_pipe_even_later(
    kind: str, hub: FakeHub, memory: StateFile, tmp_path: Path
) -> None:
    path = tmp_path / "number"
    if kind == "pipe":
        os.mkfifo(path)
    arguments = ("--policy", "approve", "--pin", "2580", "--match", f"@{path}")
    async with listening(hub, memory, *arguments) as command:
        for id_, number in (("chl_1", "111111"), ("chl_2", "222222")):
            await hub.ask(hub.account(), jti=id_, match="required")
            await hub.hears(Ack)
            path.write_text(f"{number}\n", encoding="utf-8")
            assert number_in(await hub.hears(Decide)) == number
            await hub.say(Decided(id=id_, status="approved"))
            await command.tells("decided")


async def test_a_wrong_pin_is_not_tried_again(hub: FakeHub, memory: StateFile) -> None:
    async with listening(hub, memory, "--policy", "approve", "--pin", "0000", "--once") as command:
        await hub.ask(hub.account())
        await hub.hears(Ack)
        await hub.hears(Decide)
        await hub.say(ErrorMessage(code=ErrorCode.WRONG_PIN, detail="Wrong.", id="chl_1"))

        assert (await command.tells("error"))["code"] == "wrong_pin"
        assert await command.code() == 1
    assert hub.said.empty()


async def test_an_approval_without_a_pin_is_not_sent(hub: FakeHub, memory: StateFile) -> None:
    async with listening(hub, memory, "--policy", "approve", "--once", MOBILE_SIM_PIN="") as command:
        await hub.ask(hub.account())
        await hub.hears(Ack)

        assert (await command.tells("error"))["code"] == "no_pin"
        assert await command.code() == 1
    assert hub.said.empty()


async def test_a_denial_is_followed_by_its_reason(hub: FakeHub, memory: StateFile) -> None:
    arguments = ("--policy", "deny", "--reason", "fraud", "--once")
    async with listening(hub, memory, *arguments) as command:
        await hub.ask(hub.account())
        await hub.hears(Ack)
        await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="denied"))
        assert (await hub.hears(Report)).reason == "fraud"
        await hub.say(Reported(id="chl_1"))

        assert await command.code() == 0


async def test_an_answer_is_asked_for_again_after_the_connection_broke(
    hub: FakeHub, memory: StateFile
) -> None:
    async with listening(hub, memory, "--policy", "deny") as command:
        hub.pending = [await hub.ask(hub.account())]
        await hub.hears(Ack)
        await hub.hears(Decide)
        await hub.drop()
        await hub.hears(Authenticate)
        await hub.hears(Ack)

        await hub.hears(Decide)
        await command.tells("request")


async def test_several_accounts_listen_at_once(hub: FakeHub, memory: StateFile) -> None:
    memory.put(hub.account("bob@acme.test", n=2))

    async with listening(hub, memory, "--policy", "deny") as command:
        await hub.arrival()

        ready = {(await command.tells("ready"))["account"] for _ in range(2)}
    assert ready == {ADA, "bob@acme.test"}


@pytest.mark.parametrize(
    ("close", "why", "code"),
    [
        (Close.CONNECTED_ELSEWHERE, "connected_elsewhere", 3),
        (Close.NOT_AUTHENTICATED, "not_authenticated", 1),
        (Close.DEVICE_REMOVED, "removed", 1),
    ],
)
async def test_it_ends_with_its_last_account(
    close: Close, why: str, code: int, hub: FakeHub, memory: StateFile
) -> None:
    async with listening(hub, memory, "--policy", "deny") as command:
        await hub.close(close)

        assert (await command.tells("stopped"))["why"] == why
        assert await command.code() == code


async def test_a_signal_ends_it_in_order(hub: FakeHub, memory: StateFile) -> None:
    async with listening(hub, memory, "--policy", "deny") as command:
        await command.tells("ready")
        command.process.send_signal(signal.SIGTERM)

        assert await command.code() == 130
        assert await command.says() == ""


async def test_without_json_a_person_is_told_on_standard_error(hub: FakeHub, memory: StateFile) -> None:
    memory.put(hub.account())
    options = ("run", "--state", str(memory.path), "--policy", "deny", "--once")
    async with mobile_sim(*options) as command:
        await hub.arrival()
        await hub.hears(Authenticate)
        await hub.ask(hub.account())
        await hub.hears(Ack)
        await hub.hears(Decide)
        await hub.say(Decided(id="chl_1", status="denied"))

        assert "Signing in to Acme Wiki, Vienna, Austria" in await command.says()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "--policy", "approve", "--match", "12345"),
        ("run", "--policy", "maybe"),
        ("enroll", "--code", "ABCD-EFGH", "--pin", "2580"),
        ("enroll", "--code", "https://hub.test/authenticator/", "--pin", "2580"),
    ],
)
async def test_wrong_usage_is_exit_code_two(arguments: tuple[str, ...], memory: StateFile) -> None:
    async with mobile_sim(*arguments, "--state", str(memory.path)) as command:
        assert await command.code() == 2


async def test_a_phone_without_an_account_says_how_to_add_one(memory: StateFile) -> None:
    async with mobile_sim("run", "--policy", "deny", "--state", str(memory.path)) as command:
        assert "mobile-sim enroll" in await command.says()
        assert await command.code() == 1


async def test_accounts_are_listed_without_their_keys_and_forgotten_by_name(
    hub: FakeHub, memory: StateFile
) -> None:
    memory.put(hub.account())
    async with mobile_sim("accounts", "--json", "--state", str(memory.path)) as command:
        out, _ = await command.process.communicate()
    async with mobile_sim("forget", ADA, "--state", str(memory.path)) as command:
        code = await command.code()

    assert [one["email"] for one in json.loads(out)] == [ADA]
    assert b"PRIVATE" not in out
    assert (code, memory.accounts()) == (0, [])


def number_in(decide: Decide) -> str:

    payload = decide.decision.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["match"])
