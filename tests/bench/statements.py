"""What each step of a login asks of the database: ``python -m tests.bench.statements``.

A hub on SQLite in this process, whose connections count. What its sweeper does beside is not the login's.
"""

import asyncio
import logging
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.running import RunningHub, sqlite_hub, until

TABLE_FOLLOWS = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}


@dataclass(slots=True)
class Step:
    """Statements by verb and table, and how many transactions write."""

    statements: Counter[str] = field(default_factory=Counter)
    transactions: int = 0

    @property
    def reads(self) -> int:
        """How many read."""
        return sum(times for what, times in self.statements.items() if what.startswith("SELECT"))

    @property
    def writes(self) -> int:
        """How many write."""
        return self.statements.total() - self.reads

    def add(self, statement: str) -> None:
        """Count one."""
        words = statement.upper().split()
        if words[0] in TABLE_FOLLOWS:
            table = words[words.index(TABLE_FOLLOWS[words[0]]) + 1]
            self.statements[f"{words[0]} {table.lower()}"] += 1
        # Each transaction of the hub is a savepoint in one of the database's.
        self.transactions += words[0] == "SAVEPOINT"


class Counts:
    """The step that is going on, if one is."""

    def __init__(self) -> None:
        self.step: Step | None = None

    def heard(self, statement: str) -> None:
        """Count one for the step, unless it is the sweeper's."""
        task = asyncio.current_task()
        sweeps = task is not None and getattr(task.get_coro(), "__name__", "") == "_sweep"
        if self.step is not None and not sweeps:
            self.step.add(statement)

    @contextmanager
    def counting(self, step: Step) -> Iterator[None]:
        """Count within the context."""
        self.step = step
        yield
        self.step = None


class CountingConnection(sqlite3.Connection):
    """A connection that tells what it is asked (a trace callback would tell triggers as well)."""

    counts: Counts

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Tell, then do."""
        if "COMMIT" not in sql:
            self.counts.heard(sql)
        return super().execute(sql, *parameters)


@contextmanager
def listening(counts: Counts) -> Iterator[None]:
    """Let every connection that is opened within the context count."""
    plain = sqlite3.connect
    kind = type("Counted", (CountingConnection,), {"counts": counts})
    sqlite3.connect = partial(plain, factory=kind)  # type: ignore[assignment]  # as far as it is used
    try:
        yield
    finally:
        sqlite3.connect = plain


async def count(folder: Path) -> dict[str, Step]:
    """Return the steps of a login on the defaults: an unknown browser that watches, one connected phone."""
    counts = Counts()
    with listening(counts):
        async with sqlite_hub(folder) as hub:
            return await _one_login(hub, counts)


async def _one_login(hub: RunningHub, counts: Counts) -> dict[str, Step]:
    steps = {name: Step() for name in ("POST /login", "watch", "ack", "decide", "complete")}
    phone = await hub.phone(await hub.user(await hub.tenant()))
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(hub.browser())
        device = await stack.enter_async_context(phone.connected())
        await _settled(Step())
        with counts.counting(steps["POST /login"]):
            await browser.start()
            card = await device.until("challenge")
            await _settled(steps["POST /login"])
        with counts.counting(steps["watch"]):
            page = await stack.enter_async_context(browser.watching())
            await page.until("state")
        with counts.counting(steps["ack"]):
            await device.send({"type": "ack", "id": card["id"]})
            await page.until("state")
            await _settled(steps["ack"])
        with counts.counting(steps["decide"]):
            await device.decide(card["request"], match=browser.digits)
            await page.until("resolved")
            await _settled(steps["decide"])
        with counts.counting(steps["complete"]):
            assert (await browser.again("complete")).status_code == 200
            await _settled(steps["complete"])
    return steps


async def _settled(step: Step) -> None:
    """Wait until those who were rung have looked: until nothing was asked for some turns of the loop."""
    seen = -1

    def is_quiet() -> bool:
        nonlocal seen
        before, seen = seen, step.statements.total()
        return before == seen

    await until(is_quiet)


def main() -> None:
    """Print what each step asks."""
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="statements-") as folder:
        steps = asyncio.run(count(Path(folder)))
    steps["login"] = Step(
        sum((step.statements for step in steps.values()), Counter()),
        sum(step.transactions for step in steps.values()),
    )
    print(f"{'':14}{'reads':>7}{'writes':>8}{'transactions':>14}")
    for name, step in steps.items():
        print(f"{name:14}{step.reads:7}{step.writes:8}{step.transactions:14}")
        if name != "login":
            for what, times in sorted(step.statements.items()):
                print(f"    {times} × {what}")


if __name__ == "__main__":
    main()
