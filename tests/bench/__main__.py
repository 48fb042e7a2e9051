"""Compares the server with a bare one of the SDK, and prints what it measured."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench import report, servers, worst_inputs
from tests.bench import results as answers
from tests.bench.board import MAX_ITEMS, MIN_ITEMS
from tests.bench.load import CASES, NOTHING, Case, Figures, Load, Target, fault, problem

PROFILE = CASES[1]
# Ours writes the rows of reads a second after the calls (mcpserver.audit.log), which
# is part of what they cost. A short run does not wait for them: it is not there for its figures.
QUIET_SECONDS, QUIET_SECONDS_IN_SHORT = 1.2, 0.2


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="one quick round, to see that every case works"
    )
    parser.add_argument("--rounds", type=int, help="(3; with --keys 9)")
    parser.add_argument("--seconds", type=int, help="of each case in a round (5; with --keys 1)")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64], metavar="C")
    parser.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="of a PostgreSQL server on which databases may be made (default: SQLite)",
    )
    parser.add_argument(
        "--keys",
        type=int,
        metavar="N",
        help="compare N API keys more with 16 instead, on SQLite and on --database",
    )
    parser.add_argument(
        "--worst-inputs",
        type=float,
        metavar="SECONDS",
        help="time other callers instead, while the worst inputs keep two workers busy",
    )
    parser.add_argument(
        "--results",
        type=int,
        nargs="?",
        const=300,
        metavar="ITEMS",
        help="measure instead what results of calls and jobs cost a model, on a folder of so many"
        " items (300)",
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    chosen = parser.parse_args(arguments)
    if chosen.results is not None and not MIN_ITEMS <= chosen.results <= MAX_ITEMS:
        parser.error(f"--results takes {MIN_ITEMS} to {MAX_ITEMS:,} items")
    chosen.quiet_seconds = QUIET_SECONDS
    if chosen.short:
        chosen.rounds, chosen.seconds, chosen.quiet_seconds = 1, 1, QUIET_SECONDS_IN_SHORT
    # Two that differ by a few per cent are told apart by the median of many rounds in turns.
    rounds, seconds = (9, 1) if chosen.keys else (3, 5)
    chosen.rounds, chosen.seconds = chosen.rounds or rounds, chosen.seconds or seconds
    return chosen


def compare(chosen: argparse.Namespace, folder: Path, results: report.Results) -> None:
    with ExitStack() as running:
        upstream = running.enter_context(servers.upstream(folder))
        reference = running.enter_context(servers.reference(folder, upstream))
        place = running.enter_context(servers.new_database(chosen.database))
        ours = servers.Installation(folder, upstream, place)
        one, results.start_seconds = running.enter_context(ours.running(report.ONE))
        two, _ = running.enter_context(ours.running(report.TWO, workers=2))
        targets = (upstream, reference, one, two)
        for target in targets:
            results.memory[target.name].append(target.resident_mib())
        for _ in range(chosen.rounds):  # all of them in each, so that a slow minute is shared
            for case in CASES:
                for connections in chosen.connections:
                    for target in targets:
                        _measure(chosen, results, upstream, target, case, connections)
            for target in targets:
                results.memory[target.name].append(target.resident_mib())


def _measure(
    chosen: argparse.Namespace,
    results: report.Results,
    upstream: Target,
    target: Target,
    case: Case,
    connections: int,
) -> None:
    if target.is_upstream and case.path is None:
        return
    name = f"{case.name:<14} c={connections:<3} {target.name:<16}"
    load = Load(target, case, connections, upstream, chosen.quiet_seconds)
    figures, wrong = _round(load, chosen.seconds)
    results.rounds[case.name, connections, target.name] += [figures]
    note = f"  FAILED: {wrong}" if wrong else ""
    print(f"{name} {figures.rate:>8,.0f}/s{note}", file=sys.stderr, flush=True)
    if wrong:
        results.failures.append(f"{name} {wrong}")


def _round(load: Load, seconds: int) -> tuple[Figures, str]:
    """What was measured, and what was wrong. A round that could not be measured has a place in the
    results too, so that each is compared with the others of its turn."""
    if wrong := problem(load.target, load.case):
        return NOTHING, wrong
    try:
        warm_up = load.measure(1, look=True)
        figures = load.measure_enough(seconds, warm_up.rate)
    except TimeoutError as error:
        return NOTHING, str(error)
    return figures, fault(load.case, warm_up, figures)


def compare_keys(chosen: argparse.Namespace, folder: Path, results: report.Results) -> None:
    with servers.upstream(folder) as upstream:
        for url in filter(None, ("sqlite", chosen.database)):
            _compare_keys(chosen, folder, results, upstream, url)


def _compare_keys(
    chosen: argparse.Namespace, folder: Path, results: report.Results, upstream: Target, url: str
) -> None:
    """Two installations side by side, in turns; each call asks the database for its key."""
    database = url.partition(":")[0]
    with ExitStack() as running:
        targets = []
        for more in (0, chosen.keys):
            name = f"{database}, {servers.CALLERS + more:,} keys"
            own = folder / name
            own.mkdir()
            place = running.enter_context(servers.new_database("" if url == "sqlite" else url))
            ours = servers.Installation(own, upstream, place, CREDENTIAL_CACHE_SECONDS="0")
            if more:
                ours.add_keys(more)
            targets.append(running.enter_context(ours.running(name))[0])
        for number in range(chosen.rounds):
            for target in targets if number % 2 else reversed(targets):
                _measure(chosen, results, upstream, target, PROFILE, 16)
    few, many = targets
    results.keys[database] = (few.name, many.name)


def _time_others(chosen: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-bench-") as folder:
        problems = worst_inputs.compare(chosen.worst_inputs, chosen.database, Path(folder))
    for each in problems:
        print(f"scripts/bench: too slow or failed: {each}", file=sys.stderr)
    return len(problems)


def _measure_results(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-bench-") as folder:
        calls, jobs = answers.compare(Path(folder), count)
    print(answers.as_markdown(calls, jobs))
    wrong = [row for row in jobs if row.found < row.wanted]
    for row in wrong:
        print(f"scripts/bench: failed: {row.what}, {row.format}", file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    chosen = options()
    if chosen.results:
        return _measure_results(chosen.results)
    if chosen.worst_inputs:
        return _time_others(chosen)
    if shutil.which("wrk") is None:
        sys.exit("scripts/bench: wrk is needed; on Debian or Ubuntu: apt install wrk")
    results = report.Results()
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-bench-") as folder:
        (compare_keys if chosen.keys else compare)(chosen, Path(folder), results)
    print(report.as_markdown(results))
    if chosen.json:
        chosen.json.write_text(report.as_json(results))
    for failure in results.failures:
        print(f"scripts/bench: failed: {failure}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
