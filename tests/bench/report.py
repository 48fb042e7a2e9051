"""What was measured, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from tests.bench.load import CASES, Figures
from tests.support import ROOT

REFERENCE, DIRECT, ONE, TWO = "reference", "direct", "ours, 1 worker", "ours, 2 workers"


@dataclass
class Results:
    """`rounds` by case, connections and target; `memory` in MiB, before and after each round."""

    rounds: dict[tuple[str, int, str], list[Figures]] = field(
        default_factory=lambda: defaultdict(list)
    )
    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    start_seconds: float = 0.0
    # By database: with few keys, and with many.
    keys: dict[str, tuple[Figures, Figures]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def median(self, case: str, connections: int, target: str) -> Figures | None:
        rounds = self.rounds.get((case, connections, target))
        if not rounds:
            return None
        columns = zip(*(asdict(each).values() for each in rounds), strict=True)
        return Figures(*map(statistics.median, columns))

    def ratio(self, case: str, connections: int, target: str) -> float | None:
        """Calls a second, in those of the reference."""
        one, other = (self.median(case, connections, each) for each in (target, REFERENCE))
        return one.rate / other.rate if one and other and other.rate else None

    def spread(self, case: str, connections: int, target: str) -> float:
        """Half the way from the slowest to the fastest round, as a part of the median."""
        rates = [each.rate for each in self.rounds[case, connections, target]]
        return (max(rates) - min(rates)) / 2 / (statistics.median(rates) or 1)


def conditions() -> dict[str, str]:
    def output(*command: str) -> str:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()

    commit = output("git", "rev-parse", "--short", "HEAD")
    return {
        "commit": commit + ("+" if output("git", "status", "--porcelain") else ""),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def as_json(results: Results) -> str:
    rows = [
        {"case": case, "connections": connections, "target": target, "rounds": rounds}
        for (case, connections, target), rounds in results.rounds.items()
    ]
    found = {
        "conditions": conditions(),
        "rows": rows,
        "memory": results.memory,
        "start_seconds": results.start_seconds,
        "keys": results.keys,
    }
    return json.dumps(found, indent=1, default=asdict)


def as_markdown(results: Results) -> str:
    told = ", ".join(f"{name} {value}" for name, value in conditions().items())
    parts = [f"Conditions: {told}.", *_tables(results)]
    return "\n\n".join(each for each in parts if each) + "\n"


def _tables(results: Results) -> Iterator[str]:
    yield _table(
        "case | c | server | calls/s | ± | x reference | p50 ms | p99 ms | CPU ms/call",
        _rows(results),
    )
    yield _table("memory of a worker, MiB | before | after each round", _memory(results))
    yield _table(
        "keys on | with 10, calls/s | CPU ms/call | with many, calls/s | CPU ms/call",
        _keys(results),
    )
    yield _table("target | wanted | measured | met", _targets(results))


def _table(head: str, rows: Iterator[str]) -> str:
    lines = [f"| {row} |" for row in rows]
    rule = "|".join("---" for _ in head.split("|"))
    return "\n".join([f"| {head} |", f"|{rule}|", *lines]) if lines else ""


def _rows(results: Results) -> Iterator[str]:
    for case, connections, target in results.rounds:
        figures = results.median(case, connections, target)
        assert figures is not None
        ratio = results.ratio(case, connections, target)
        yield (
            f"{case} | {connections} | {target} | {figures.rate:,.0f} | "
            f"{results.spread(case, connections, target):.0%} | "
            f"{'' if ratio is None or target == DIRECT else f'{ratio:.1f}'} | "
            f"{figures.p50:.2f} | {figures.p99:.2f} | {figures.cpu:.3f}"
        )


def _memory(results: Results) -> Iterator[str]:
    for target, (before, *after) in results.memory.items():
        yield f"{target} | {before:.0f} | {', '.join(f'{each:.0f}' for each in after)}"


def _keys(results: Results) -> Iterator[str]:
    for database, (few, many) in results.keys.items():
        figures = (f"{each.rate:,.0f} | {each.cpu:.3f}" for each in (few, many))
        yield " | ".join((database, *figures))


# Case, connections, server, and how many times the reference it is to be.
RATIOS = (
    ("tools/list", 16, ONE, 12.0),
    ("get_profile", 16, ONE, 4.0),
    ("get_profile", 16, TWO, 6.5),
    ("list_items", 16, ONE, 3.5),
    ("list_items", 16, TWO, 6.0),
)


def _targets(results: Results) -> Iterator[str]:
    for case, connections, target, wanted in RATIOS:
        ratio = results.ratio(case, connections, target)
        yield from _verdict(
            f"{case}, c={connections}, {target}, x reference", ratio, at_least=wanted
        )
    one, direct = (results.median("get_profile", 1, each) for each in (ONE, DIRECT))
    above = one.p50 - direct.p50 if one and direct else None
    yield from _verdict("get_profile, c=1, p50 above direct, ms", above, at_most=0.7)
    tails = [results.median(case.name, 64, ONE) for case in CASES]
    worst = max((each.p99 / each.p50 for each in tails if each and each.p50), default=None)
    yield from _verdict("p99 at c=64, worst case, x p50", worst, at_most=3)
    memory = results.memory.get(ONE)
    yield from _verdict("memory, 1 worker, MiB", memory[-1] if memory else None, at_most=150)
    yield from _verdict("start to /ready, s", results.start_seconds or None, at_most=2)
    for database, (few, many) in results.keys.items():
        name = f"keys on {database}, rate with many, x with 10"
        yield from _verdict(name, many.rate / few.rate, at_least=0.9)


def _verdict(
    name: str, found: float | None, *, at_least: float = 0.0, at_most: float = math.inf
) -> Iterator[str]:
    if found is None:
        return  # this run did not ask
    wanted = f"at least {at_least:g}" if at_least else f"at most {at_most:g}"
    yield f"{name} | {wanted} | {found:.2f} | {'yes' if at_least <= found <= at_most else 'no'}"
