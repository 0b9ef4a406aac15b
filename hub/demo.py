"""``make demo``: a hub, one person and a simulated phone in one terminal, to be tried with a browser at once.

``DEMO_PHONE=none`` leaves the phone to the person; ``PUBLIC_URL`` is the address that is in every QR code.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("build/demo")
TENANT, NAME, EMAIL, PIN = "demo", "Demo", "ada@demo.test", "2580"
PORTS = range(8000, 8020)
START_WITHIN_S = 20
STOP_WITHIN_S = 10

HUB = [sys.executable, "-m", "hub.cli"]
PHONE = [sys.executable, "-m", "mobile_sim"]


def main() -> int:
    """Set up, start, and stay until the person leaves; return the exit code."""
    port = _free_port()
    local = f"http://127.0.0.1:{port}"
    address = os.environ.get("PUBLIC_URL") or local
    environment = _environment(port)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    made = _made(address, environment)
    with _serving(local, environment):
        if os.environ.get("DEMO_PHONE") == "none":
            _say(_without_phone(local, made))
            return _wait()
        return _with_phone(local, made, environment)


def _environment(port: int) -> dict[str, str]:
    """Nothing of the person's own settings gets into the demo."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {
        **own,
        "HUB_SETTINGS": str(FOLDER.resolve() / "hub.env"),
        "HUB_PORT": str(port),
        "HUB_TRUSTED_PROXIES": "127.0.0.1",
        "XDG_STATE_HOME": str(FOLDER.resolve()),
    }


def _made(address: str, environment: dict[str, str]) -> dict[str, str]:
    command = [*HUB, "init", "--json", "--public-url", address, "--tenant", TENANT, "--name", NAME]
    done = subprocess.run(
        [*command, "--email", EMAIL], cwd=FOLDER, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    made: dict[str, str] = json.loads(done.stdout)
    return made


@contextmanager
def _serving(local: str, environment: dict[str, str]) -> Iterator[None]:
    log = FOLDER / "hub.log"
    with log.open("wb") as output:
        hub = subprocess.Popen([*HUB, "serve"], cwd=FOLDER, env=environment, stdout=output, stderr=output)
    try:
        _wait_until_ready(local, hub, log)
        yield
    finally:
        hub.terminate()
        try:
            hub.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            hub.kill()


def _wait_until_ready(local: str, hub: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        if hub.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{local}/readyz", timeout=1):  # noqa: S310  # our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    _say(log.read_text())
    raise SystemExit("The hub did not start: its log is above.")


def _with_phone(local: str, made: dict[str, str], environment: dict[str, str]) -> int:
    code = made["activation_code"]
    enrolled = subprocess.run(
        [*PHONE, "enroll", "--hub", local, "--code", code, "--pin", PIN, "--name", "Demo phone"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if enrolled.returncode:
        _say(enrolled.stderr)
        return enrolled.returncode
    note = f"Open {made['login']} and sign in as {EMAIL}. This is your phone; its PIN is {PIN}."
    if all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        how = ["--note", note]
    else:
        _say(f"{note}\nType the number that the page shows here, one line for each sign-in.")
        how = ["--policy", "approve", "--pin", PIN, "--match", "-"]
    try:
        return subprocess.run([*PHONE, "run", *how], env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _without_phone(local: str, made: dict[str, str]) -> str:
    code = made["activation_code"]
    return (
        f"\nAdd a phone, in another terminal:\n"
        f"  .venv/bin/mobile-sim enroll --hub {local} --code {code} --pin {PIN}\n"
        f"  .venv/bin/mobile-sim run\n\n"
        f"Then open {made['login']} and sign in as {EMAIL}.\n"
        f"Activation code: {code}, for 24 hours. Leave with Ctrl-C.\n"
    )


def _wait() -> int:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"None of the ports {PORTS[0]} to {PORTS[-1]} is free.")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
