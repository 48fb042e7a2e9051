"""How the benchmark (scripts/bench) measures and judges; the figures are its own matter."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from django.conf import settings

from tests.bench.__main__ import options
from tests.bench.load import (
    CASES,
    NOTHING,
    Figures,
    Target,
    fault,
    problem,
    seconds_for,
    wait_until_idle,
)
from tests.bench.report import ONE, REFERENCE, TWO, Results, as_markdown
from tests.bench.worst_inputs import worst_calls
from tests.support import free_port

LIST, PROFILE = CASES[:2]
ROUND = Figures(calls=1000, begun=1016, asked=1010, rate=500, p50=2, p99=4, cpu=1, failed=0)


@pytest.mark.parametrize(
    ("calls", "rate", "seconds", "expected"),
    [(160, 1000.0, 2, 2), (160, 40.0, 2, 5), (160, 1.0, 2, 10), (160, 0.0, 2, 10)],
)
def test_slow_case_is_given_more_seconds_within_a_bound(
    calls: int, rate: float, seconds: int, expected: int
) -> None:
    assert expected == seconds_for(calls, rate, seconds)


def test_work_after_the_load_counts() -> None:
    work = "import time\nwhile time.process_time() < 0.7: pass\ninput()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE) as process:
        target = Target("busy", "", [], process.pid)

        wait_until_idle(target, quiet_seconds=1)

        assert target.cpu_seconds() >= 0.65
        process.communicate(b"\n")


def verdict(results: Results, name: str) -> str:
    """The last column of the target's row; empty when it has none."""
    rows = [line for line in as_markdown(results).splitlines() if line.startswith(f"| {name} |")]
    return rows[0].split("|")[-2].strip() if rows else ""


def test_round_with_a_request_for_each_call_is_none_of_the_failures() -> None:
    assert fault(PROFILE, NOTHING, ROUND) == ""
    assert fault(LIST, NOTHING, replace(ROUND, asked=0)) == ""


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"calls": 0}, "no call was answered"),
        ({"failed": 2}, "2 calls failed"),
        ({"asked": 999}, "999 requests to the upstream for 1000 to 1016 calls"),
        ({"asked": 1017}, "1017 requests to the upstream for 1000 to 1016 calls"),
    ],
)
def test_round_that_hangs_or_fails_or_miscounts_is_a_failure(
    wrong: dict[str, int], expected: str
) -> None:
    assert expected == fault(PROFILE, ROUND, replace(ROUND, **wrong))


def test_failed_call_of_the_warm_up_is_a_failure() -> None:
    assert fault(PROFILE, replace(ROUND, failed=1), ROUND) == "1 calls failed"


def test_listing_that_asks_the_upstream_is_a_failure() -> None:
    assert fault(LIST, ROUND, ROUND) == "1010 requests to the upstream for 0 to 0 calls"


def test_server_that_does_not_answer_is_a_failure() -> None:
    target = Target("nobody", f"http://127.0.0.1:{free_port()}/mcp", ["key"], 0)

    assert problem(target, PROFILE).startswith("no answer: ConnectError")


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([replace(ROUND, rate=2000), ROUND, replace(ROUND, rate=2001)], "yes"),
        ([replace(ROUND, rate=2000), ROUND, ROUND], "no"),
        ([replace(ROUND, rate=2000, calls=159), replace(ROUND, rate=2001)], "too few calls"),
        ([NOTHING, replace(ROUND, rate=2000), replace(ROUND, rate=2000)], "too few calls"),
        ([NOTHING], "too few calls"),
    ],
)
def test_ratio_is_judged_by_the_median_of_rounds_with_calls_enough(
    ours: list[Figures], expected: str
) -> None:
    results = Results()
    results.rounds["get_profile", 16, ONE] = ours
    results.rounds["get_profile", 16, REFERENCE] = [ROUND] * len(ours)

    assert expected == verdict(results, f"get_profile, c=16, {ONE}, x reference")


def test_ratio_to_a_reference_that_hangs_is_not_met() -> None:
    results = Results()
    results.rounds["get_profile", 16, ONE] = [ROUND]
    results.rounds["get_profile", 16, REFERENCE] = [NOTHING]

    assert "too few calls" == verdict(results, f"get_profile, c=16, {ONE}, x reference")


def test_target_that_was_not_asked_for_is_not_judged() -> None:
    assert "" == verdict(Results(), f"get_profile, c=16, {ONE}, x reference")


def test_tail_of_each_number_of_workers_is_judged_by_its_worst_case() -> None:
    results = Results()
    results.rounds["tools/list", 64, ONE] = [replace(ROUND, p99=6)]
    results.rounds["tools/list", 64, TWO] = [replace(ROUND, p99=6)]
    results.rounds["get_profile", 64, TWO] = [replace(ROUND, p99=6.1)]

    assert "yes" == verdict(results, f"p99 at c=64, {ONE}, worst case, x p50")
    assert "no" == verdict(results, f"p99 at c=64, {TWO}, worst case, x p50")


def test_many_keys_are_judged_by_rate_and_by_cpu_time() -> None:
    results = Results(keys={"sqlite": ("few", "many")})
    results.rounds["get_profile", 16, "few"] = [ROUND] * 3
    results.rounds["get_profile", 16, "many"] = [
        replace(ROUND, rate=500, cpu=1.2),
        replace(ROUND, rate=455, cpu=1.11),
        replace(ROUND, rate=300, cpu=1.05),
    ]

    assert "yes" == verdict(results, "many, x with few, calls/s")
    assert "no" == verdict(results, "many, x with few, CPU ms/call")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (3, 5)),
        (["--keys", "1000"], (9, 1)),
        (["--keys", "1000", "--rounds", "2", "--seconds", "4"], (2, 4)),
        (["--short"], (1, 1)),
    ],
)
def test_rounds_of_keys_are_more_and_shorter(
    arguments: list[str], expected: tuple[int, int]
) -> None:
    chosen = options(arguments)

    assert expected == (chosen.rounds, chosen.seconds)


def test_worst_inputs_fit_into_a_request() -> None:
    place = {
        "ids": {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"},
        "item_id": "i",
        "folder_id": "m4XcVb9RtQe",
    }

    calls = worst_calls(place)

    assert [] == [call[:200] for call in calls if len(call) > settings.MCP_MAX_REQUEST_BYTES]
