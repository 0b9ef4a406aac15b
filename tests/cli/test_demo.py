"""``make demo``: set up, started and usable at once, with its phone and without."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.running import Browser, Phone

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 40


@contextmanager
def demo(folder: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the demo in *folder*; end it as Ctrl-C does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.demo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


async def said(process: "subprocess.Popen[str]", pattern: str) -> re.Match[str]:
    """Return the first match in what the demo prints."""
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(READY_WITHIN_S):
        while not (found := re.search(pattern, text)):
            line = await asyncio.to_thread(process.stdout.readline)
            assert line, f"the demo ended: {text}"
            text += line
    return found


@pytest.mark.slow
async def test_the_demo_is_usable_at_once_with_its_phone(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        address = (await said(process, r"Open (http://\S+)/t/demo/login and sign in as ada@demo\.test"))[1]
        async with Browser(address, "demo") as browser:
            await browser.start("ada@demo.test")
            async with browser.watching() as page:
                await page.until("state", step="push")
                assert process.stdin is not None
                process.stdin.write(f"{browser.digits}\n")
                process.stdin.flush()
                resolved = await page.until("resolved")
            completed = await browser.again("complete")

        assert resolved["status"] == "approved"
        assert completed.json()["step"] == "done"


@pytest.mark.slow
async def test_the_demo_leaves_the_phone_to_the_person(tmp_path: Path) -> None:
    with demo(tmp_path, DEMO_PHONE="none") as process:
        enrolling = await said(process, r"--hub (http://\S+) --code (\S+) --pin (\d+)")
        address, code, pin = enrolling.groups()
        phone = Phone(address, now=lambda: datetime.now(UTC), pin=pin)
        await phone.enroll(code)
        async with Browser(address, "demo") as browser, phone.connected() as device:
            await browser.start("ada@demo.test")
            card = await device.until("challenge")
            decided = await device.decide(card["request"], match=browser.digits)

        assert decided["status"] == "approved"
