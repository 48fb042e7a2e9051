"""Compares the server with a bare one of the SDK, and prints what it measured."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import report, servers
from tests.bench.load import CASES, Case, Figures, Target, measure, problem

PROFILE = CASES[1]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="one quick round, to see that every case works"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each case in a round (5)")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64], metavar="C")
    parser.add_argument(
        "--database", default="", help="DATABASE_URL of an empty database (default: SQLite)"
    )
    parser.add_argument(
        "--keys", type=int, help="compare that many API keys with 10 instead, on --database"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    chosen = parser.parse_args()
    if chosen.short:
        chosen.rounds, chosen.seconds = 1, 1
    return chosen


def compare(chosen: argparse.Namespace, folder: Path, results: report.Results) -> None:
    with ExitStack() as running:
        upstream = running.enter_context(servers.upstream(folder))
        reference = running.enter_context(servers.reference(folder, upstream))
        ours = servers.Installation(folder, upstream, chosen.database)
        one, results.start_seconds = running.enter_context(ours.running(report.ONE))
        two, _ = running.enter_context(ours.running(report.TWO, workers=2))
        targets = (upstream, reference, one, two)
        for target in targets:
            results.memory[target.name].append(target.resident_mib())
        for _ in range(chosen.rounds):  # all of them in each, so that a slow minute is shared
            for case in CASES:
                for connections in chosen.connections:
                    for target in targets:
                        _measure(results, target, case, connections, chosen.seconds)
            for target in targets:
                results.memory[target.name].append(target.resident_mib())


def _measure(
    results: report.Results, target: Target, case: Case, connections: int, seconds: int
) -> None:
    if target.is_upstream and case.path is None:
        return
    name = f"{case.name:<14} c={connections:<3} {target.name:<16}"
    if wrong := problem(target, case):
        results.failures.append(f"{name} {wrong}")
        return
    warm_up = measure(target, case, connections, 1, look=True)
    figures = measure(target, case, connections, seconds)
    results.rounds[case.name, connections, target.name] += [figures]
    failed = warm_up.failed + figures.failed
    note = f"  {failed} FAILED" if failed else ""
    print(f"{name} {figures.rate:>8,.0f}/s{note}", file=sys.stderr, flush=True)
    if failed:
        results.failures.append(f"{name} {failed} calls")


def compare_keys(chosen: argparse.Namespace, folder: Path, results: report.Results) -> None:
    with servers.upstream(folder) as upstream:
        ours = servers.Installation(folder, upstream, chosen.database)
        ours.add_keys(9)
        few = _with_keys(ours, chosen)
        ours.add_keys(chosen.keys)
        database = chosen.database.partition(":")[0] or "sqlite"
        results.keys[database] = (few, _with_keys(ours, chosen))


def _with_keys(ours: servers.Installation, chosen: argparse.Namespace) -> Figures:
    found = report.Results()
    with ours.running(report.ONE) as (target, _):
        for _ in range(chosen.rounds):
            _measure(found, target, PROFILE, 16, chosen.seconds)
    median = found.median(PROFILE.name, 16, target.name)
    if found.failures or median is None:
        sys.exit(f"scripts/bench: calls failed: {'; '.join(found.failures)}")
    return median


def main() -> int:
    chosen = options()
    if shutil.which("wrk") is None:
        sys.exit("scripts/bench: wrk is needed; on Debian or Ubuntu: apt install wrk")
    results = report.Results()
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-bench-") as folder:
        (compare_keys if chosen.keys else compare)(chosen, Path(folder), results)
    print(report.as_markdown(results))
    if chosen.json:
        chosen.json.write_text(report.as_json(results))
    for failure in results.failures:
        print(f"scripts/bench: calls failed: {failure}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
