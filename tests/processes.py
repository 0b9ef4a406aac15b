"""Real processes of the hub: ``hub serve`` with its settings in the environment and its log in a file."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from hub.app import open_services
from hub.server import server
from hub.settings import Settings
from tests.running import SECRET, Browser, RunningHub, ShiftedClock
from tests.services import LOOPBACK, free_port

COMMANDS = Path(sys.executable).parent
START_WITHIN_S = 40.0
STOP_WITHIN_S = 20.0


@dataclass
class HubProcess:
    """One ``hub serve``; a context manager that ends what it started.

    Without a *secret* it finds everything that is not in *settings* in a file, its port too.
    """

    folder: Path
    settings: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    program: Path = COMMANDS / "hub"
    secret: str | None = SECRET
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where this process itself listens, whatever the public URL."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process's id; it must be running."""
        assert self.process is not None
        return self.process.pid

    def begin(self) -> None:
        """Start it, and do not wait."""
        ours = {"HUB_PORT": str(self.port), "HUB_SECRET_KEY": self.secret} if self.secret else {}
        said = {**ours, **self.settings}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", *self.arguments],
                cwd=self.folder,
                env=said,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        """Return once it serves; fail with its log where it does not."""
        end = time.monotonic() + START_WITHIN_S
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, f"the hub ended:\n{self.log}"
            with contextlib.suppress(OSError):
                self.get("/readyz")
                return
            time.sleep(0.02)
        raise AssertionError(f"the hub did not start:\n{self.log}")

    def start(self) -> None:
        """Start it and return once it serves; nothing where it runs already."""
        if self.process is None:
            self.begin()
            self.wait_until_ready()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self, within_s: float = STOP_WITHIN_S) -> int:
        """Wait for its end; return its exit code, a signal's as a negative number."""
        assert self.process is not None
        code = self.process.wait(within_s)
        self.process = None
        return code

    def stop(self, within_s: float = STOP_WITHIN_S) -> int:
        """Ask it to end; return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(within_s)

    def kill(self) -> None:
        """End it at once; nothing where it does not run."""
        if self.process is not None:
            self.process.kill()
            self.wait()

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and body of a GET; raises OSError where nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    @property
    def _log(self) -> Path:
        return self.folder / f"hub-{self.port}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is None:
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()


@asynccontextmanager
async def operated(database_url: str, public_url: str) -> AsyncIterator[RunningHub]:
    """Give the test an operator's hands on a hub that runs elsewhere: tenants, people, codes, audit rows."""
    settings = Settings(
        _env_file=None, secret_key=SecretStr(SECRET), database_url=database_url, public_url=public_url
    )
    clock = ShiftedClock()
    async with open_services(settings, clock=clock) as (services, _):
        yield RunningHub(settings.address.origin, services, clock, settings, server(settings))


def move(browser: Browser, node: HubProcess) -> None:
    """Send *browser* to *node* from now on, as a load balancer would: what it says of itself stays."""
    browser.http.base_url = node.url
    if socket := browser.answer.get("socket"):
        socket["url"] = node.url.replace("http", "ws", 1) + "/ws/login"


@dataclass
class SimProcess:
    """One ``mobile-sim run --json``; a context manager that ends what it started."""

    folder: Path
    arguments: tuple[str, ...]
    program: Path = COMMANDS / "mobile-sim"
    process: subprocess.Popen[bytes] | None = None

    @property
    def numbers(self) -> Path:
        """The file that the digits are typed into."""
        return self.folder / "numbers"

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of *kind* so far."""
        lines = self._out.read_text().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["event"] == kind]

    def enter(self, digits: str) -> None:
        """Type digits, as the person in front of it does."""
        with self.numbers.open("a") as file:
            file.write(f"{digits}\n")

    def ended(self) -> bool:
        """Whether it has left by itself."""
        return self.process is not None and self.process.poll() is not None

    def wait(self, within_s: float = STOP_WITHIN_S) -> int:
        """Wait for its end; return its exit code."""
        assert self.process is not None
        return self.process.wait(within_s)

    @property
    def _out(self) -> Path:
        return self.folder / "phone.jsonl"

    def __enter__(self) -> Self:
        with self._out.open("wb") as out, (self.folder / "phone.log").open("wb") as err:
            self.process = subprocess.Popen(
                [self.program, "run", "--json", "--match", f"@{self.numbers}", *self.arguments],
                cwd=self.folder,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(STOP_WITHIN_S)
