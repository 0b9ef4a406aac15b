"""The commands of docs/first-phone.md, run as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.processes import COMMANDS, HubProcess
from tests.services import free_port

PAGE = Path(__file__).resolve().parents[2] / "docs/first-phone.md"
CODE = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")
ADDRESS = "https://login.example.org"


def shown(*begins: str) -> str:
    """Return the only block of commands whose lines begin like this."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [[line.strip() for line in block.splitlines()] for block in blocks]
    (found,) = [
        each
        for each in lines
        if len(each) == len(begins)
        and all(line.startswith(begin) for line, begin in zip(each, begins, strict=True))
    ]
    return "\n".join(found)


def run(commands: str, folder: Path) -> str:
    """Run *commands* in a shell that finds the hub; return what they print."""
    path = f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", commands],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_hub_that_is_set_up_as_shown_serves_its_address_behind_a_proxy(tmp_path: Path) -> None:
    set_up = shown("hub init --public-url", "echo HUB_TRUSTED_PROXIES", "hub serve")
    printed = run(set_up.removesuffix("hub serve"), tmp_path)
    code = CODE.search(printed)

    port = free_port()
    with HubProcess(tmp_path, {"HUB_PORT": str(port)}, secret=None, port=port) as hub:
        again = run(shown("hub enrollment create"), tmp_path).strip()

    assert code is not None
    assert f"{ADDRESS}/t/main/login" in printed
    assert CODE.fullmatch(again)
    assert f"Serving {ADDRESS} on 127.0.0.1:{port}" in hub.log


@pytest.mark.parametrize("line", re.findall(r"make demo.*", PAGE.read_text()))
def test_the_demo_is_shown_with_what_it_knows(line: str) -> None:
    known = {name for name, _ in re.findall(r"^\| `([A-Z_]+)` \|(.*)", PAGE.read_text(), re.MULTILINE)}

    assert known == {"DEMO_PHONE", "PUBLIC_URL"}
    assert set(re.findall(r"([A-Z_]+)=", line)) <= known
