"""How the benchmark (scripts/bench) measures and judges; the figures are its own matter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench.load import Target, seconds_for, wait_until_idle


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
