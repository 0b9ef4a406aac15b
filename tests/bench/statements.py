"""What each step of a login asks of the database: ``python -m tests.bench.statements``.

A hub on SQLite in this process, and a listener on every connection. Savepoints and commits of the writer count
as one transaction; what the sweeper does meanwhile is left out by its clock: it is not run.
"""

import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running import RunningHub, sqlite_hub, until

STEPS = ("POST /login", "watch", "ack", "decide", "complete")


@dataclass(slots=True)
class Step:
    """Statements by what they do, and transactions."""

    reads: int = 0
    writes: int = 0
    writing: int = 0
    texts: Counter[str] = field(default_factory=Counter)


class Listener:
    """Counts what SQLite is asked, under the step that is going on."""

    def __init__(self) -> None:
        self.step: Step | None = None

    def heard(self, statement: str) -> None:
        """Count one."""
        verb = statement.split(None, 1)[0].upper()
        if self.step is None:
            return
        if verb == "SELECT":
            self.step.reads += 1
        elif verb in ("INSERT", "UPDATE", "DELETE"):
            self.step.writes += 1
        elif verb == "SAVEPOINT":
            self.step.writing += 1
            return
        else:
            return
        self.step.texts[_shape(statement)] += 1

    @contextmanager
    def counting(self) -> Iterator[Step]:
        """Count within the context."""
        self.step = step = Step()
        yield step
        self.step = None


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let *listener* hear every connection that is opened within the context."""
    plain = sqlite3.connect

    def connect(*given: Any, **named: Any) -> sqlite3.Connection:
        raw = plain(*given, **named)
        raw.set_trace_callback(listener.heard)
        return raw

    sqlite3.connect = connect
    try:
        yield
    finally:
        sqlite3.connect = plain


async def count(folder: Path) -> dict[str, Step]:
    """Return the steps of a login on the defaults, its socket watched, its phone connected."""
    listener = Listener()
    with listening(listener):
        async with sqlite_hub(folder, rate_limits="off") as hub:
            return await _one_login(hub, listener)


async def _one_login(hub: RunningHub, listener: Listener) -> dict[str, Step]:
    phone = await hub.phone(await hub.user(await hub.tenant()))
    steps: dict[str, Step] = {}
    async with hub.browser() as browser, phone.connected() as device:
        with listener.counting() as steps["POST /login"]:
            await browser.start()
            card = await device.until("challenge")
            await _settled(steps["POST /login"])
        with listener.counting() as steps["watch"]:
            watching = browser.watching()
            page = await watching.__aenter__()
            await page.until("state")
        with listener.counting() as steps["ack"]:
            await device.send({"type": "ack", "id": card["id"]})
            await page.until("state")
            await _settled(steps["ack"])
        with listener.counting() as steps["decide"]:
            await device.decide(card["request"], match=browser.digits)
            await page.until("resolved")
            await _settled(steps["decide"])
        await watching.__aexit__(None, None, None)
        with listener.counting() as steps["complete"]:
            await browser.again("complete")
            await _settled(steps["complete"])
    return steps


async def _settled(step: Step) -> None:
    """Wait for those who were rung to have looked: until two looks a moment apart see the same."""
    seen = -1

    async def quiet() -> bool:
        nonlocal seen
        before, seen = seen, step.reads + step.writes
        await asyncio.sleep(0.05)
        return before == step.reads + step.writes

    await until(quiet)


def _shape(statement: str) -> str:
    words = statement.split()
    verb = words[0].upper()
    marks = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}
    upper = [word.upper() for word in words]
    return f"{verb} {words[upper.index(marks[verb]) + 1]}"


def main() -> None:
    """Print a row a step."""
    with tempfile.TemporaryDirectory(prefix="statements-") as folder:
        steps = asyncio.run(count(Path(folder)))
    print(f"{'':14}{'reads':>7}{'writes':>8}{'transactions that write':>26}")
    for name, step in steps.items():
        print(f"{name:14}{step.reads:7}{step.writes:8}{step.writing:26}")
        for text, times in step.texts.items():
            print(f"    {times} × {text}")


if __name__ == "__main__":
    main()
