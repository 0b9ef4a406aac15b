"""The benchmark runs, small, so that it is there when it is needed."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.report import percentile
from tests.bench.statements import count

TINY = ["--quick", "--rounds=1", "--phones=4", "--one-by-one=4", "--at-once=4", "--lanes=2", "--json"]
HUBS = ("hub, SQLite", "hub, PG + Redis")

# docs/performance.md has the table. Fewer is progress: lower the number. More needs a reason.
BUDGET = {"POST /login": 13, "watch": 4, "ack": 6, "decide": 12, "complete": 11}
WRITING_TRANSACTIONS = 4


def test_a_tiny_run_measures_every_stage_of_floor_and_hubs_and_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *TINY], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("disk_sync_us") > 0
    assert set(found) == {"floor", *HUBS}
    for name in found:
        assert found[name]["lost"] == 0
        assert all(value > 0 for each in found[name]["rounds"] for value in each.values())
    for name in HUBS:
        assert found[name]["times_floor"]["ask_p50_us"] > 1
        assert found[name]["median"]["storm_per_s"] > 0


async def test_a_login_asks_the_database_no_more_than_its_budget(tmp_path: Path) -> None:
    steps = await count(tmp_path)

    found = {name: step.statements.total() for name, step in steps.items()}
    assert {name: number for name, number in found.items() if number > BUDGET[name]} == {}
    assert sum(step.transactions for step in steps.values()) <= WRITING_TRANSACTIONS


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]

    assert [percentile(values, of) for of in (1, 50, 99)] == [1.0, 3.0, 5.0]
