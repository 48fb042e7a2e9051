"""Programs that run at once, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.home import Result
from tests.support import ROOT

MANAGE = (sys.executable, str(ROOT / "manage.py"))


def at_once(times: int, run: Callable[[], Result]) -> list[Result]:
    with ThreadPoolExecutor(times) as pool:
        return [done.result() for done in [pool.submit(run) for _ in range(times)]]


def assert_all_end_well(results: list[Result]) -> None:
    assert [] == [done.stdout + done.stderr for done in results if done.returncode]
