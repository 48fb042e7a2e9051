"""What scripts/bench --results measures: calls and jobs with right answers within the bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.__main__ import options
from tests.bench.board import MIN_ITEMS
from tests.bench.results import Measured, as_markdown, compare

ANSWER = Measured("get_profile", "json", 1, 2, ["x" * 26_000])


def test_jobs_get_right_answers_from_results_within_the_bound(tmp_path: Path) -> None:
    calls, jobs = compare(tmp_path, MIN_ITEMS)

    assert [] == [row for row in jobs if row.found != row.wanted]
    assert [] == [row for row in calls if row.format == "markdown" and row.found != row.wanted]
    seen = [text for row in (*calls, *jobs) for text in row.seen]
    assert max(map(len, seen)) <= 25_000
    assert max(len(text.encode()) for text in seen) <= 30_000


def test_tokens_are_estimated_without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    table = as_markdown([ANSWER], [])

    assert "| tokens (estimated) |" in table
    assert "| get_profile | json | 1 of 2 | 1 | 26,000 | 26,000 | 10,000 |" in table


def test_folder_has_300_items_unless_said() -> None:
    assert options(["--results"]).results == 300
    assert options(["--results", "1000"]).results == 1000
    assert options([]).results is None


@pytest.mark.parametrize("count", ["0", "49", "10001"])
def test_too_few_or_too_many_items_are_refused(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(["--results", count])

    assert "--results takes 50 to 10,000 items" in capsys.readouterr().err
