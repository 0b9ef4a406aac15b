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

import jwt
import pytest

from tests.certificates import certificate_for_loopback
from tests.cli.tls_front import CLIENT, tls_front
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
async def test_the_demo_is_usable_at_once_with_its_phone_and_a_browser_can_be_another(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        address = (await said(process, r"Open (http://\S+)/t/demo/login and sign in as ada@demo\.test"))[1]
        code = (await said(process, rf"open {address}/authenticator/ and type ([0-9A-Z-]+)\."))[1]
        async with Browser(address, "demo") as browser:
            await browser.start("ada@demo.test")
            async with browser.watching() as page:
                await page.until("state", step="push")
                assert process.stdin is not None
                process.stdin.write(f"{browser.digits}\n")
                process.stdin.flush()
                resolved = await page.until("resolved")
            completed = await browser.again("complete")
        added = await Phone(address, now=lambda: datetime.now(UTC)).enroll(code)

        assert added.json()["email"] == "ada@demo.test"
        assert resolved["status"] == "approved"
        assert completed.json()["step"] == "done"
        assert address.startswith("http://localhost:")


@pytest.mark.slow
async def test_at_a_public_url_the_demo_is_used_through_the_proxy_in_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with tls_front(certificate, key) as front:
        with demo(tmp_path, PUBLIC_URL=front.url) as process:
            front.leads_to = int((await said(process, r"listens on http://127\.0\.0\.1:(\d+)"))[1])
            opening = await said(process, rf"open {front.url}/authenticator/ and type the code")
            enrolling = await said(process, r"--code (\S+) --pin")
            await said(process, rf"Then open {front.url}/t/demo/login and sign in as ada@demo\.test")
            phone = Phone(front.url, now=lambda: datetime.now(UTC))
            await phone.enroll(enrolling[1])
            async with Browser(front.url, "demo") as browser, phone.connected() as device:
                await browser.start("ada@demo.test")
                card = await device.until("challenge")
                decided = await device.decide(card["request"], match=browser.digits)
                completed = await browser.again("complete")
                cookies = [cookie for cookie in browser.http.cookies.jar if cookie.name.startswith("__Host-")]

        request = jwt.decode(card["request"], options={"verify_signature": False})
        assert opening
        assert (request["iss"], request["ctx"]["ip"]) == (front.url, CLIENT)
        assert decided["status"] == "approved"
        assert completed.json()["step"] == "done"
        assert cookies
        assert all(cookie.secure for cookie in cookies)


@pytest.mark.parametrize("address", ["http://192.168.1.20:8000", "my-laptop", "https://tunnel.example/demo"])
def test_a_public_url_that_can_be_none_is_refused_in_one_line(tmp_path: Path, address: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "hub.demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PUBLIC_URL": address},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(f"PUBLIC_URL: '{address}' ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
async def test_the_demos_phone_can_sleep_and_is_woken_by_web_push(tmp_path: Path) -> None:
    with demo(tmp_path, DEMO_PHONE="sleep") as process:
        address = (await said(process, r"Open (http://\S+)/t/demo/login"))[1]
        await said(process, "Asleep")
        async with Browser(address, "demo") as browser:
            await browser.start("ada@demo.test")
            async with browser.watching() as page:
                await said(process, "Woken by a web push: Demo asks")
                assert process.stdin is not None
                process.stdin.write(f"{browser.digits}\n")
                process.stdin.flush()
                resolved = await page.until("resolved")

        assert resolved["status"] == "approved"


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
