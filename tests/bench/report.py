"""What was measured, as Markdown and as JSON."""

from __future__ import annotations

import itertools
import json
import math
import os
import platform
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from operator import attrgetter

from tests.bench.load import CALLS_OF_A_CONNECTION, CASES, Figures
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
    # By database: the targets with few keys and with many.
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def median(self, case: str, connections: int, target: str) -> Figures | None:
        rounds = self.rounds.get((case, connections, target))
        if not rounds:
            return None
        columns = zip(*(asdict(each).values() for each in rounds), strict=True)
        return Figures(*map(statistics.median, columns))

    def ratios(
        self,
        case: str,
        connections: int,
        target: str,
        other: str = REFERENCE,
        of: Callable[[Figures], float] = attrgetter("rate"),
    ) -> list[float]:
        """One figure, in that of `other` in the same round."""
        one, two = (self.rounds.get((case, connections, each), []) for each in (target, other))
        return [of(a) / of(b) for a, b in zip(one, two, strict=False) if of(b)]

    def are_enough(self, case: str, connections: int, *targets: str) -> bool:
        """Whether all their rounds have calls enough to be judged."""
        wanted = CALLS_OF_A_CONNECTION * connections
        rounds = (self.rounds.get((case, connections, target), []) for target in targets)
        return all(each.calls >= wanted for each in itertools.chain(*rounds))


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
        "case | c | server | calls/s | x reference | p50 ms | p99 ms | CPU ms/call",
        _rows(results),
    )
    yield _table("memory of a worker, MiB | before | after each round", _memory(results))
    yield _table("target | wanted | measured | met", _targets(results))


def _table(head: str, rows: Iterator[str]) -> str:
    lines = [f"| {row} |" for row in rows]
    rule = "|".join("---" for _ in head.split("|"))
    return "\n".join([f"| {head} |", f"|{rule}|", *lines]) if lines else ""


def _rows(results: Results) -> Iterator[str]:
    for case, connections, target in results.rounds:
        figures = results.median(case, connections, target)
        assert figures is not None
        ratios = [] if target in (DIRECT, REFERENCE) else results.ratios(case, connections, target)
        yield (
            f"{case} | {connections} | {target} | {figures.rate:,.0f} | {_told(ratios)} | "
            f"{figures.p50:.2f} | {figures.p99:.2f} | {figures.cpu:.3f}"
        )


def _told(values: list[float]) -> str:
    """The median of the rounds, and half the way from the lowest to the highest."""
    if not values:
        return ""
    spread = f" ± {(max(values) - min(values)) / 2:.2f}" if len(values) > 1 else ""
    return f"{statistics.median(values):.2f}{spread}"


def _memory(results: Results) -> Iterator[str]:
    for target, (before, *after) in results.memory.items():
        yield f"{target} | {before:.0f} | {', '.join(f'{each:.0f}' for each in after)}"


# Case, connections, server, and how many times the reference it is to be.
RATIOS = (
    ("tools/list", 16, ONE, 12.0),
    ("get_profile", 16, ONE, 4.0),
    ("get_profile", 16, TWO, 6.5),
    ("list_items", 16, ONE, 3.5),
    ("list_items", 16, TWO, 6.0),
)

# None, that is: a heap still settles by 3 MiB in a second round, however short. The tens of
# thousands of calls of a full round would make that much of 0.1 KiB lost with each.
MAX_GROWTH_MIB = 5


def _targets(results: Results) -> Iterator[str]:
    for case, connections, target, wanted in RATIOS:
        ratios = results.ratios(case, connections, target)
        name = f"{case}, c={connections}, {target}, x reference"
        enough = results.are_enough(case, connections, target, REFERENCE)
        yield from _verdict(name, ratios, enough=enough, at_least=wanted)
    one, direct = (results.rounds.get(("get_profile", 1, each), []) for each in (ONE, DIRECT))
    above = [a.p50 - b.p50 for a, b in zip(one, direct, strict=False)]
    enough = results.are_enough("get_profile", 1, ONE, DIRECT)
    name = "get_profile, c=1, p50 above direct, ms"
    yield from _verdict(name, above, enough=enough, at_most=0.7)
    for target in (ONE, TWO):
        enough = all(results.are_enough(case.name, 64, target) for case in CASES)
        name = f"p99 at c=64, {target}, worst case, x p50"
        yield from _verdict(name, _worst_tail(results, target), enough=enough, at_most=3)
    memory = results.memory.get(ONE, [])
    yield from _verdict("memory, 1 worker, MiB", memory[-1:], at_most=150)
    growth = [memory[-1] - memory[1]] if len(memory) > 2 else []
    name = "memory, 1 worker, from the first round to the last, MiB more"
    yield from _verdict(name, growth, at_most=MAX_GROWTH_MIB)
    start = [results.start_seconds] if results.start_seconds else []
    yield from _verdict("start to /ready, s", start, at_most=2)
    for few, many in results.keys.values():
        rates = results.ratios("get_profile", 16, many, few)
        costs = results.ratios("get_profile", 16, many, few, attrgetter("cpu"))
        enough = results.are_enough("get_profile", 16, few, many)
        yield from _verdict(f"{many}, x with few, calls/s", rates, enough=enough, at_least=0.9)
        # Steadier: others who use the machine take calls from a second, not CPU time from a call.
        name = f"{many}, x with few, CPU ms/call"
        yield from _verdict(name, costs, enough=enough, at_most=1.1)


def _worst_tail(results: Results, target: str) -> list[float]:
    tails = [results.median(case.name, 64, target) for case in CASES]
    return sorted(each.p99 / each.p50 for each in tails if each and each.p50)[-1:]


def _verdict(
    name: str,
    found: list[float],
    *,
    enough: bool = True,
    at_least: float = 0.0,
    at_most: float = math.inf,
) -> Iterator[str]:
    """`enough`: whether there were calls enough to judge."""
    if not found and enough:
        return  # this run did not ask
    wanted = f"at least {at_least:g}" if at_least else f"at most {at_most:g}"
    yield f"{name} | {wanted} | {_told(found)} | {_met(found, enough, at_least, at_most)}"


def _met(found: list[float], enough: bool, at_least: float, at_most: float) -> str:
    if not enough:
        return "too few calls"
    return "yes" if at_least <= statistics.median(found) <= at_most else "no"
