"""Private Redis and PostgreSQL servers for tests: real ones, on loopback, gone afterwards.

Each is a context manager and blocks while it starts (well under two seconds)::

    with RedisServer() as redis, PostgresServer() as postgres:
        bus = RedisBus(redis.url)
        store = Store(postgres.url(postgres.create_database("hub")))
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

START_WITHIN_S = 20.0
STOP_WITHIN_S = 10.0
LOOPBACK = "127.0.0.1"


class ServerMissing(RuntimeError):
    """A program that the tests need is not installed; they fail, they never skip."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is not installed: run `make setup`, or install the package {package}")


class ServerBroken(RuntimeError):
    """A server did not come up or go down in time; carries the end of its log."""


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """A Redis server that keeps nothing on disk and can be killed, frozen and restarted."""

    def __init__(self, *options: str) -> None:
        """Start nothing yet; *options* are appended to the command line."""
        self._program = find_redis()
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="test-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """The address for clients; it stays the same through restarts."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start on the same port as before and return once PING is answered."""
        folder = Path(self._folder.name)
        command = [self._program, "--bind", LOOPBACK, "--port", str(self.port), "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no", "--loglevel", "warning", *self._options]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in _until(START_WITHIN_S):
            if self._process.poll() is not None:
                break
            if self._pings():
                return
        self.kill()
        raise ServerBroken(f"Redis did not start:\n{_tail(folder / 'log')}")

    def stop(self) -> None:
        """Ask it to end, and end it if it does not; without a running server do nothing."""
        if self._process is None:
            return
        # A frozen process hears SIGTERM only after it was thawed.
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, without a farewell to its clients."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(STOP_WITHIN_S)
        self._process = None

    def restart(self) -> None:
        """Stop, then start again on the same port, empty."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it hang: connections stay open and nothing is answered, as on a stuck machine."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise ServerBroken("Redis is not running")
        self._process.send_signal(number)

    def _pings(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((LOOPBACK, self.port), timeout=1) as client,
        ):
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()


class PostgresServer:
    """A PostgreSQL server of its own: new data, loopback only, no password, no care for power loss."""

    def __init__(self, *options: str) -> None:
        """Start nothing yet; *options* are settings such as ``max_connections=300``."""
        self._binaries = find_postgres()
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="test-postgres-")
        self.port = free_port()
        # PostgreSQL refuses to run as root, so there it runs as Debian's user for it.
        self._owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._owner:
            os.chown(self._folder.name, self._owner.pw_uid, self._owner.pw_gid)

    def url(self, database: str = "postgres") -> str:
        """Return the address of *database* as SQLAlchemy takes it."""
        return f"postgresql+asyncpg://postgres@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its name."""
        self._run("createdb", "--host", LOOPBACK, "--port", str(self.port), "--username", "postgres", name)
        return name

    def start(self) -> None:
        """Make the data folder where it is missing, and return once connections are taken."""
        data = self._data
        if not data.exists():
            account = [
                "--username",
                "postgres",
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--locale",
                "C.UTF-8",
            ]
            self._run("initdb", "--pgdata", str(data), *account, "--no-sync", "--no-instructions")
        settings = [
            f"listen_addresses={LOOPBACK}",
            f"port={self.port}",
            f"unix_socket_directories={self._folder.name}",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            *self._options,
        ]
        self._control("start", "--log", str(data / "log"), "--options", " ".join(f"-c {s}" for s in settings))

    def stop(self) -> None:
        """End it, dropping its clients; without a running server do nothing."""
        if (self._data / "postmaster.pid").exists():
            self._control("stop", "--mode", "fast")

    def restart(self) -> None:
        """Stop, then start again on the same port with the same data."""
        self.stop()
        self.start()

    @property
    def _data(self) -> Path:
        return Path(self._folder.name) / "data"

    def _control(self, action: str, *arguments: str) -> None:
        within = ["--wait", "--timeout", str(int(START_WITHIN_S))]
        self._run("pg_ctl", action, "--pgdata", str(self._data), *within, *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        if self._owner:
            owner = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
            command = ["setpriv", *owner, *command]
        # Output goes to a file: the server inherits it, and would hold a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command,
                cwd=self._folder.name,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=START_WITHIN_S + STOP_WITHIN_S,
                check=False,
            )
            if done.returncode != 0:
                output.seek(0)
                said = output.read().decode(errors="replace")
                raise ServerBroken(f"{program} failed:\n{said}{_tail(self._data / 'log')}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()


def find_redis() -> str:
    """Return the path of redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServerMissing("redis-server", "redis-server")
    return program


def find_postgres() -> Path:
    """Return the folder of PostgreSQL's programs, the newest version's; Debian keeps them off PATH."""
    found = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    program = shutil.which("initdb")
    if program is None:
        raise ServerMissing("initdb", "postgresql")
    return Path(program).resolve().parent


def _until(within_s: float, every_s: float = 0.01) -> Iterator[None]:
    """Yield now and then until *within_s* seconds have passed."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        yield
        time.sleep(every_s)


def _tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log, or nothing where there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
