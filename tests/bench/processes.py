"""Server processes on a core of their own, and what they take of the machine."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

HOST = "127.0.0.1"
START_WITHIN_S = 20.0
STOP_WITHIN_S = 15.0


class DidNotStart(RuntimeError):
    """A server ended, or listens to nobody; carries what it said."""


class Process:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far, in user and kernel."""
        tasks = Path(f"/proc/{self._process.pid}/task")
        return sum(_nanoseconds(task) for task in tasks.iterdir()) / 1e9

    @property
    def resident_kib(self) -> int:
        """Its resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


@contextlib.contextmanager
def running(command: Sequence[str], *, core: int, port: int, log: Path, **env: str) -> Iterator[Process]:
    """Run *command* on *core* while the context is open, from the moment on that *port* is listened to."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**_plain_environment(), **env},
        )
    try:
        _wait_for(port, process, log)
        yield Process(process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cores() -> tuple[int, int]:
    """Return the core of the load generator and that of the servers (the same where there is but one)."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[-1]


def sync_s(folder: Path, times: int = 100) -> float:
    """Return the median seconds that it takes to write a page in *folder* and make it durable."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken)


def _plain_environment() -> dict[str, str]:
    """Settings of the hub that happen to be in the environment are not part of the benchmark."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise DidNotStart(log.read_text(errors="replace")[-2000:])


def _nanoseconds(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except FileNotFoundError:
        # A thread that has just ended.
        return 0
