"""From rounds to a table: medians of rounds, and medians of each round's ratio to the floor."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil
from statistics import median
from typing import Any

from tests.bench.measure import Crowd, Stages, Tally

LABELS = {
    "ask_p50_us": "challenge → phone, p50 µs",
    "ask_p99_us": "challenge → phone, p99 µs",
    "tap_p50_us": "tap → browser, p50 µs",
    "tap_p99_us": "tap → browser, p99 µs",
    "logins_per_s": "logins/s, server on one core",
    "logins_per_cpu_s": "logins per second of CPU",
    "logins_busy": "of that core in use",
    "visits_per_s": "whole visits/s",
    "visits_per_cpu_s": "whole visits per second of CPU",
    "storm_per_s": "phones connecting/s",
    "kib_per_phone": "KiB per idle phone",
}


@dataclass(frozen=True, slots=True)
class Round:
    """One subject's values of one round."""

    ask_p50_us: float
    ask_p99_us: float
    tap_p50_us: float
    tap_p99_us: float
    logins_per_s: float
    logins_per_cpu_s: float
    logins_busy: float
    visits_per_s: float
    visits_per_cpu_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """A subject's rounds, what was lost in them, and (a hub's) crowd of idle phones."""

    name: str
    rounds: list[Round]
    lost: list[str]
    crowd: Crowd | None = None

    def values(self) -> dict[str, float]:
        """Return the medians by the names of LABELS."""
        found = {each.name: median(getattr(one, each.name) for one in self.rounds) for each in fields(Round)}
        if self.crowd is not None:
            found["storm_per_s"] = self.crowd.storm.per_s
            found["kib_per_phone"] = self.crowd.kib_each
        return found

    def ratios(self, floor: "Result") -> dict[str, float]:
        """Return how many times the floor's value, the median of the rounds' ratios."""
        return {
            each.name: median(
                _ratio(getattr(ours, each.name), getattr(its, each.name))
                for ours, its in zip(self.rounds, floor.rounds, strict=True)
            )
            for each in fields(Round)
        }


def one_round(stages: Stages, logins: Tally, visits: Tally) -> Round:
    """Return a round's values."""
    return Round(
        ask_p50_us=percentile(stages.ask_s, 50) * 1e6,
        ask_p99_us=percentile(stages.ask_s, 99) * 1e6,
        tap_p50_us=percentile(stages.tap_s, 50) * 1e6,
        tap_p99_us=percentile(stages.tap_s, 99) * 1e6,
        logins_per_s=logins.per_s,
        logins_per_cpu_s=logins.per_cpu_s,
        logins_busy=_ratio(logins.cpu_s, logins.wall_s),
        visits_per_s=visits.per_s,
        visits_per_cpu_s=visits.per_cpu_s,
    )


def percentile(values: Sequence[float], of: float) -> float:
    """Return the nearest-rank percentile; NaN of nothing."""
    return sorted(values)[max(0, ceil(len(values) * of / 100) - 1)] if values else float("nan")


def table(floor: Result, hubs: Sequence[Result]) -> str:
    """Return the results for a person."""
    lines = [_line("", floor.name, *(cell for hub in hubs for cell in (hub.name, "× floor")))]
    own = floor.values()
    for name, label in LABELS.items():
        cells = [_cell(own.get(name))]
        for hub in hubs:
            cells += [_cell(hub.values().get(name)), _cell(hub.ratios(floor).get(name), "×")]
        lines.append(_line(label, *cells))
    cells = [str(len(floor.lost))]
    for hub in hubs:
        cells += [str(len(hub.lost)), ""]
    lines.append(_line("lost", *cells))
    return "\n".join(lines)


def facts(floor: Result, hubs: Sequence[Result]) -> dict[str, Any]:
    """Return the results for a program."""
    return {
        each.name: {
            "median": each.values(),
            "times_floor": each.ratios(floor),
            "lost": len(each.lost),
            "why_lost": sorted(set(each.lost))[:5],
            "rounds": [asdict(one) for one in each.rounds],
        }
        for each in (floor, *hubs)
    }


def _ratio(ours: float, its: float) -> float:
    return ours / its if its else float("nan")


def _cell(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    return (
        f"{value:,.0f}{unit}"
        if value >= 100
        else f"{value:.2f}{unit}"
        if value < 10
        else f"{value:.1f}{unit}"
    )


def _line(label: str, *cells: str) -> str:
    return f"{label:32}" + "".join(f"{cell:>16}" for cell in cells)
