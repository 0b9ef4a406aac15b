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
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.measure import Crowd, crowd, logins, stages, visits
from tests.bench.processes import cores
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
        at_once: logins a round for the rate, and half as many visits; ten times as many at the floor.
        lanes: logins under way at a time.
    """

    rounds: int = 7
    phones: int = 1000
    one_by_one: int = 100
    at_once: int = 256
    lanes: int = 32


FULL = Size()
QUICK = Size(rounds=2, phones=200, one_by_one=50, at_once=128)
FLOOR_TIMES = 10


async def run(size: Size, folder: Path) -> tuple[Result, list[Result]]:
    """Start everything, measure, and stop it all."""
    generator, servers = cores()
    os.sched_setaffinity(0, {generator})
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        postgres = stack.enter_context(PostgresServer())
        lowest = await stack.enter_async_context(
            floor(folder, redis, servers, min(size.phones, size.at_once))
        )
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
        return await _rounds(size, lowest, hubs, crowds)


async def _rounds(
    size: Size, lowest: Subject, hubs: Sequence[HubSubject], crowds: dict[str, Crowd]
) -> tuple[Result, list[Result]]:
    subjects: list[Subject] = [lowest, *hubs]
    rounds: dict[str, list[Round]] = {each.name: [] for each in subjects}
    lost: dict[str, list[str]] = {each.name: [] for each in subjects}
    for each in hubs:
        lost[each.name] += crowds[each.name].storm.why
    # The first round warms everything up and is thrown away.
    for number in range(size.rounds + 1):
        for subject in subjects:
            times = FLOOR_TIMES if subject is lowest else 1
            one_by_one = await stages(subject, size.one_by_one * times)
            rate = await logins(subject, size.at_once * times, size.lanes)
            whole = await visits(subject, size.at_once * times // 2, size.lanes)
            if number:
                rounds[subject.name].append(one_round(one_by_one, rate, whole))
            lost[subject.name] += [*one_by_one.why, *rate.why, *whole.why]
        print(f"round {number} of {size.rounds} done", file=sys.stderr)
    results = [
        Result(each.name, rounds[each.name], lost[each.name], crowds.get(each.name)) for each in subjects
    ]
    return results[0], results[1:]


def main() -> None:
    """Measure and print; exit code 1 where anything was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure the hub beside the floor."
    )
    parser.add_argument("--quick", action="store_true", help="two short rounds, under a minute")
    parser.add_argument("--json", action="store_true", help="print JSON, every round in it")
    for name in ("rounds", "phones", "one_by_one", "at_once", "lanes"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, metavar="N", help=f"full run: {getattr(FULL, name)}")
    given = vars(parser.parse_args())
    preset = QUICK if given.pop("quick") else FULL
    as_json = given.pop("json")
    size = Size(**{name: value or getattr(preset, name) for name, value in given.items()})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lowest, hubs = uvloop.run(run(size, Path(folder)))
    if as_json:
        print(json.dumps(facts(lowest, hubs), indent=2))
    else:
        print(table(lowest, hubs))
        print(f"\n{size.rounds} rounds, {time.monotonic() - began:.0f} s")
    lost = {why for each in (lowest, *hubs) for why in each.lost}
    if lost:
        print("lost: " + "; ".join(sorted(lost)[:5]), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
