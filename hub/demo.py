"""``make demo``: a hub, one person and a simulated phone in one terminal, to be tried with a browser at once.

``PUBLIC_URL`` is the address in every QR code, link and cookie, for a phone of the person's own;
``DEMO_PHONE`` is ``sim``, ``sleep`` (the same, woken by web pushes) or ``none``, by default ``none`` where
there is a ``PUBLIC_URL``.
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

from hub.domain.address import PublicUrl
from hub.set_up import picture

FOLDER = Path("build/demo")
TENANT, NAME, EMAIL, PIN = "demo", "Demo", "ada@demo.test", "2580"
PORTS = range(8000, 8020)
PUSH_PORTS = range(8020, 8040)
PHONES = ("sim", "sleep", "none")
START_WITHIN_S = 20
STOP_WITHIN_S = 10

HUB = [sys.executable, "-m", "hub.cli"]
PHONE = [sys.executable, "-m", "mobile_sim"]


def main() -> int:
    """Set up, start, and stay until the person leaves; return the exit code."""
    port = _free_port(PORTS)
    local = f"http://127.0.0.1:{port}"
    public = os.environ.get("PUBLIC_URL") or None
    try:
        # A name, for browsers bind fingerprints to no number.
        address = PublicUrl.parse(public or f"http://localhost:{port}")
    except ValueError as error:
        raise SystemExit(f"PUBLIC_URL: {error}") from None
    phone = os.environ.get("DEMO_PHONE") or ("none" if public else "sim")
    if phone not in PHONES:
        raise SystemExit(f"DEMO_PHONE: one of {', '.join(PHONES)} is expected.")
    pushes = _free_port(PUSH_PORTS) if phone == "sleep" else None
    environment = _environment(port, pushes)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    made = _made(address, environment)
    if public:
        _say(_at_public_url(address, local))
    with _serving(local, environment):
        if phone == "none":
            _say(_without_phone(address, made, scan=public is not None))
            return _wait()
        sleeping = [] if pushes is None else ["--sleep", "--push-port", str(pushes)]
        return _with_phone(address, local, made, environment, sleeping)


def _environment(port: int, pushes: int | None) -> dict[str, str]:
    """Nothing of the person's own settings gets into the demo."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {
        **own,
        "HUB_SETTINGS": str(FOLDER.resolve() / "hub.env"),
        "HUB_PORT": str(port),
        "HUB_TRUSTED_PROXIES": "127.0.0.1",
        "XDG_STATE_HOME": str(FOLDER.resolve()),
        **({} if pushes is None else {"HUB_PUSH_ALLOW": f"http://127.0.0.1:{pushes}"}),
    }


def _made(address: PublicUrl, environment: dict[str, str]) -> dict[str, str]:
    answers = ["--public-url", address.origin, "--tenant", TENANT, "--name", NAME, "--email", EMAIL]
    return _told(["init", *answers], environment)


def _told(command: list[str], environment: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [*HUB, *command, "--json"], cwd=FOLDER, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    facts: dict[str, str] = json.loads(done.stdout)
    return facts


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


def _with_phone(
    address: PublicUrl, local: str, made: dict[str, str], environment: dict[str, str], sleeping: list[str]
) -> int:
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
    # The first one is used up: this is for a phone beside the simulated one.
    another = _told(["enrollment", "create", "--tenant", TENANT, "--email", EMAIL], environment)
    note = (
        f"Open {made['login']} and sign in as {EMAIL}. This is your phone; its PIN is {PIN}.\n"
        f"A browser is a phone too: open {address.authenticator} and type {another['activation_code']}."
    )
    if all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        how = ["--note", note]
    else:
        _say(f"{note}\nType the number that the page shows here, one line for each sign-in.")
        how = ["--policy", "approve", "--pin", PIN, "--match", "-"]
    try:
        return subprocess.run([*PHONE, "run", *how, *sleeping], env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _at_public_url(address: PublicUrl, local: str) -> str:
    return (
        f"Every QR code, link and cookie says {address.origin}.\n"
        f"The hub listens on {local}, on this machine alone: let your proxy or tunnel lead there.\n"
        "Who asks and how is taken from its X-Forwarded-For and X-Forwarded-Proto."
    )


def _without_phone(address: PublicUrl, made: dict[str, str], *, scan: bool) -> str:
    code = made["activation_code"]
    own = (
        f"Your own phone: scan this, or open {address.authenticator} and type the code.\n\n"
        f"{picture(made['uri'])}\n"
        if scan
        else "Your own phone: it needs https. make demo PUBLIC_URL=https://…, and docs/first-phone.md.\n"
    )
    return (
        f"\nActivation code: {code}, once, within 24 hours. Add a phone in one of these ways.\n\n"
        f"This machine's browser is a phone too: open {address.authenticator} and type the code.\n"
        f"{own}"
        f"A simulated phone, in another terminal:\n"
        f"  .venv/bin/mobile-sim enroll --hub {address.origin} --code {code} --pin {PIN}\n"
        f"  .venv/bin/mobile-sim run\n\n"
        f"Then open {made['login']} and sign in as {EMAIL}. Leave with Ctrl-C.\n"
    )


def _wait() -> int:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _free_port(ports: range) -> int:
    for port in ports:
        if _is_free(port):
            return port
    raise SystemExit(f"None of the ports {ports[0]} to {ports[-1]} is free.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    # Browsers try this for localhost as well, and before the other.
    with socket.socket(socket.AF_INET6) as probe:
        return probe.connect_ex(("::1", port)) != 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
