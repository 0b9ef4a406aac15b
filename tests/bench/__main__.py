"""Measure the hub beside the floor: ``python -m tests.bench``, or ``make bench ARGS=--quick``.

Real servers on one core, the load generator on another, in interleaved rounds. docs/performance.md tells how
to read the figures.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvloop

from tests.bench.measure import Crowd, crowd, logins, stages, visits
from tests.bench.processes import cores, sync_s
from tests.bench.report import Result, Round, facts, one_round, table
from tests.bench.subject import Subject
from tests.bench.subject_floor import floor
from tests.bench.subject_hub import HubSubject, hub
from tests.services import PostgresServer, RedisServer


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        phones: how many stay connected to each hub.
        asking: those of them that log in.
        one_by_one: logins a round whose stages are timed.
        at_once: logins a round for the rate, and half as many visits; four times as many at the floor.
        lanes: logins under way at a time.
        within_s: no round is begun that would not be over by then, the first one excepted.
    """

    rounds: int = 7
    phones: int = 500
    one_by_one: int = 100
    at_once: int = 256
    lanes: int = 32
    within_s: int = 220


FULL = Size()
QUICK = Size(rounds=2, phones=200, one_by_one=50, at_once=128, within_s=50)
FLOOR_TIMES = 4


async def run(size: Size, folder: Path) -> list[Result]:
    """Start everything, measure, and stop it all; the floor's result is the first.

    Args:
        folder: where the SQLite file is: its disk is what a commit waits for.
    """
    give_up_at = time.monotonic() + size.within_s
    generator, servers = cores()
    os.sched_setaffinity(0, {generator})
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        postgres = stack.enter_context(PostgresServer())
        asking = min(size.phones, size.at_once)
        lowest = await stack.enter_async_context(floor(folder, redis, servers, asking))
        urls = {
            "hub, SQLite": (f"sqlite+aiosqlite:///{folder}/hub.db", None),
            "hub, PG + Redis": (postgres.url(postgres.create_database("bench")), redis.url),
        }
        hubs: list[HubSubject] = []
        for name, (database_url, redis_url) in urls.items():
            opening = hub(name, folder, servers, size.phones, database_url=database_url, redis_url=redis_url)
            hubs.append(await stack.enter_async_context(opening))
        # Garbage collection in the load generator would be measured as if it were the server's.
        gc.collect()
        gc.disable()
        crowds = {each.name: await crowd(each, size.lanes) for each in hubs}
        runs = [Run(lowest, FLOOR_TIMES), *(Run(each, crowd=crowds[each.name]) for each in hubs)]
        for run in runs:
            # Caches, compiled statements, the first pages: the first time is not like the others.
            await run.once(replace(size, one_by_one=size.one_by_one // 4, at_once=size.at_once // 4))
            run.rounds.clear()
        longest_s = 0.0
        for number in range(size.rounds):
            began = time.monotonic()
            if number and began + longest_s > give_up_at:
                break
            for run in runs:
                await run.once(size)
            longest_s = max(longest_s, time.monotonic() - began)
            print(f"round {number + 1} of {size.rounds}: {longest_s:.0f} s", file=sys.stderr)
        return [run.result() for run in runs]


@dataclass(slots=True)
class Run:
    """One subject's rounds; *times* as many logins as the others."""

    subject: Subject
    times: int = 1
    crowd: Crowd | None = None
    rounds: list[Round] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    async def once(self, size: Size) -> None:
        """Measure one round."""
        one_by_one = await stages(self.subject, max(1, size.one_by_one * self.times))
        rate = await logins(self.subject, max(1, size.at_once * self.times), size.lanes)
        whole = await visits(self.subject, max(1, size.at_once * self.times // 2), size.lanes)
        self.rounds.append(one_round(one_by_one, rate, whole))
        self.lost += [*one_by_one.why, *rate.why, *whole.why]

    def result(self) -> Result:
        """Return what was found."""
        storm = self.crowd.storm.why if self.crowd else []
        return Result(self.subject.name, self.rounds, [*storm, *self.lost], self.crowd)


def main() -> None:
    """Measure and print; exit with 1 where anything was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure the hub beside the floor."
    )
    parser.add_argument("--quick", action="store_true", help="two short rounds, under a minute")
    parser.add_argument("--json", action="store_true", help="print JSON, every round in it")
    parser.add_argument("--folder", type=Path, help="where SQLite's file goes; /dev/shm takes the disk out")
    for name in ("rounds", "phones", "one_by_one", "at_once", "lanes"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, metavar="N", help=f"full run: {getattr(FULL, name)}")
    given = vars(parser.parse_args())
    preset = QUICK if given.pop("quick") else FULL
    as_json, parent = given.pop("json"), given.pop("folder")
    size = replace(preset, **{name: value for name, value in given.items() if value is not None})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        disk_us = sync_s(Path(folder)) * 1e6
        lowest, *hubs = uvloop.run(run(size, Path(folder)))
    if as_json:
        print(json.dumps({"disk_sync_us": disk_us, **facts(lowest, hubs)}, indent=2))
    else:
        print(table(lowest, hubs))
        print(f"\nSQLite's disk takes {disk_us:,.0f} µs to make a page durable (before the rounds).")
        print(f"{len(lowest.rounds)} rounds, {time.monotonic() - began:.0f} s")
    lost = {why for each in (lowest, *hubs) for why in each.lost}
    if lost:
        print("lost: " + "; ".join(sorted(lost)[:5]), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
