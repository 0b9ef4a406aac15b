"""``hub init``: the first five minutes."""

import os
import re
import select
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.processes import COMMANDS, HubProcess
from tests.running import Phone, ShiftedClock
from tests.services import free_port

FLAGS = {"--tenant": "acme", "--name": "Acme", "--email": "ada@acme.test"}
CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")
ANSWERED_WITHIN_S = 30.0


def flags(**other: str) -> list[str]:
    """Return init's flags, some of them replaced."""
    chosen = {**FLAGS, **{f"--{name.replace('_', '-')}": value for name, value in other.items()}}
    return [word for pair in chosen.items() for word in pair]


def test_init_makes_a_hub_that_serve_finds(shell: Shell) -> None:
    ran = shell(
        "init",
        *flags(public_url="https://login.acme.test"),
        "--json",
        HUB_SECRET_KEY=None,
        HUB_RATE_LIMITS="off",
    )
    made = ran.json
    settings = shell.folder / "hub.env"

    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert shell.folder / made["settings"] == settings
    assert made["changed"] is True
    assert made["email"] == "ada@acme.test"
    assert made["login"] == "https://login.acme.test/t/acme/login"
    assert made["uri"] == f"https://login.acme.test/authenticator/#enroll={made['activation_code']}"
    again = shell("tenant", "create", "other", "--name", "Other", HUB_SECRET_KEY=None)
    assert "https://login.acme.test/t/other/login" in again.out


def test_a_person_is_told_what_to_do_next(shell: Shell) -> None:
    ran = shell("init", *flags(public_url="http://127.0.0.1:8123"), HUB_SECRET_KEY=None)

    assert ran.code == 0
    assert ran.err == ""
    assert CODE.search(ran.out)
    assert "▀" in ran.out
    for words in (
        "hub serve",
        "open http://127.0.0.1:8123/authenticator/",
        "mobile-sim enroll --hub http://127.0.0.1:8123",
        "/t/acme/login",
    ):
        assert words in ran.out


@pytest.mark.parametrize(("url", "is_noted"), [("https://192.0.2.1", True), ("http://localhost:8123", False)])
def test_a_person_is_told_what_cannot_be_at_a_number(shell: Shell, url: str, is_noted: bool) -> None:
    ran = shell("init", *flags(public_url=url), HUB_SECRET_KEY=None)

    assert ran.code == 0
    assert ("phones approve by PIN alone" in ran.out) is is_noted


def test_init_twice_changes_nothing_and_says_so(shell: Shell) -> None:
    shell("init", *flags(public_url="http://127.0.0.1:8000"), HUB_SECRET_KEY=None)
    before = {path.name: path.read_bytes() for path in shell.folder.glob("hub.*")}

    words = shell("init", *flags(email="eve@acme.test"), HUB_SECRET_KEY=None)
    told = shell("init", "--json", HUB_SECRET_KEY=None).json

    assert (words.code, words.err) == (0, "")
    assert "nothing was changed" in words.out
    assert told["changed"] is False
    assert {path.name: path.read_bytes() for path in shell.folder.glob("hub.*")} == before


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"email": "no address"}, "email"),
        ({"tenant": "No Slug!"}, "slug"),
        ({"public_url": "http://login.acme.test"}, "https"),
        ({"public_url": "login.acme.test"}, "login.acme.test"),
        ({"name": " "}, "name"),
    ],
)
def test_a_failed_init_leaves_nothing_in_the_way_of_the_next(
    shell: Shell, wrong: dict[str, str], word: str
) -> None:
    right = {"public_url": "http://127.0.0.1:8000"}
    failed = shell("init", *flags(**{**right, **wrong}), HUB_SECRET_KEY=None)
    left = (shell.folder / "hub.env").exists()
    repaired = shell("init", *flags(**right), HUB_SECRET_KEY=None)

    assert failed.code == 1
    assert word in failed.refusal
    assert not left
    assert repaired.code == 0, repaired.err


def test_without_a_terminal_init_asks_nobody(shell: Shell) -> None:
    ran = shell("init", "--tenant", "acme", HUB_SECRET_KEY=None)

    assert ran.code == 2
    assert ran.out == ""
    assert list(shell.folder.iterdir()) == []


def test_each_init_has_a_secret_key_of_its_own(shell: Shell) -> None:
    keys = set()
    for name in ("one", "two"):
        file = shell.folder / name
        shell(
            "init",
            *flags(),
            "--public-url",
            "http://127.0.0.1:8000",
            HUB_SECRET_KEY=None,
            HUB_SETTINGS=str(file),
        )
        found = re.search(r"HUB_SECRET_KEY=(\S{40,})", file.read_text())
        assert found is not None
        keys.add(found[1])
        (shell.folder / "hub.db").unlink()

    assert len(keys) == 2


async def test_on_a_terminal_init_asks_and_serve_needs_nothing_more(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shown = _answered(
        [COMMANDS / "hub", "init"],
        tmp_path,
        {
            "Address that people will use": url,
            "Short name": "acme",
            "Name of your organisation": "",
            "Your email address": "ada@acme.test",
        },
    )
    code = CODE.search(shown)
    assert code is not None, shown

    with HubProcess(tmp_path, {}, port=port, secret=None) as hub:
        phone = Phone(url, now=ShiftedClock().now)
        enrolled = await phone.enroll(code[0])

        assert hub.get("/readyz")[0] == 200
        assert enrolled.json()["email"] == "ada@acme.test"
        assert enrolled.json()["tenant"] == {"slug": "acme", "name": "Acme"}


def _answered(command: list[Path | str], folder: Path, answers: dict[str, str]) -> str:
    """Run *command* on a terminal; give each answer once its question is there; return what was shown."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command, cwd=folder, env={"TERM": "dumb"}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as ran:
        os.close(theirs)
        shown, asked, left = "", 0, dict(answers)
        end = time.monotonic() + ANSWERED_WITHIN_S
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 65536).decode(errors="replace")
                except OSError:  # the other end of the terminal is closed
                    break
            question = next(iter(left), None)
            if question is not None and question in shown[asked:]:
                asked = len(shown)
                os.write(ours, f"{left.pop(question)}\n".encode())
        os.close(ours)
        code = ran.wait(ANSWERED_WITHIN_S)
    assert code == 0, shown
    assert not left, shown
    return shown
