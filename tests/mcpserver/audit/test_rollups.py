"""Statistics of calls: what was counted once and kept, and what is counted when asked."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from infinity_mcp.core.async_database import in_thread
from mcpserver.audit import rollups
from mcpserver.audit.models import CallSummary, Outcome, ToolCall
from mcpserver.audit.statistics import Statistics, bucket_of, percentile

NOW = datetime(2026, 5, 20, 14, 33, tzinfo=UTC)
PLENTY = 1000.0  # seconds
RANGES = [rollups.last_hours(NOW), rollups.last_days(NOW, 7), rollups.last_days(NOW, 30)]

MakeCalls = Callable[..., None]


@pytest.fixture
def make_calls(db: None) -> MakeCalls:
    """Writes down calls that began at these moments."""

    def make(*moments: datetime, **fields: Any) -> None:
        plain = {"user": "alice", "tool": "t", "changes": False, "outcome": Outcome.OK, **fields}
        ToolCall.objects.bulk_create(
            [ToolCall(started_at=each, duration_ms=5, **plain) for each in moments]
        )

    return make


def total(spans: list[rollups.Span], seconds: float = PLENTY) -> Statistics:
    total = Statistics()
    for part in rollups.read(spans, seconds):
        assert part.statistics is not None
        total.add(part.statistics)
    return total


@pytest.mark.parametrize("percent", [50, 95])
def test_a_percentile_is_right_within_a_thirty_second_part(percent: int) -> None:
    some = random.Random(7)
    exact = sorted(int(some.lognormvariate(5, 1.5)) for _ in range(5001))
    found = percentile(Counter(map(bucket_of, exact)), percent)
    assert pytest.approx(exact[5001 * percent // 100], rel=1 / 32) == found


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile(Counter(), 50) is None


@pytest.mark.parametrize("spans", RANGES)
def test_spans_follow_each_other_until_now(spans: list[rollups.Span]) -> None:
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert NOW == spans[-1].end


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("spans", RANGES)
def test_calls_are_counted_once_however_often_it_is_asked(
    make_calls: MakeCalls, spans: list[rollups.Span], kept: bool
) -> None:
    start = spans[0].start
    edges = [moment for span in spans for moment in span]
    make_calls(*edges, start - timedelta(microseconds=1), NOW + timedelta(seconds=1))
    if kept:
        rollups.keep(NOW)
    assert [len(edges) - 1] * 2 == [total(spans).calls, total(spans).calls]


def test_what_is_kept_says_what_the_calls_say(make_calls: MakeCalls) -> None:
    yesterday = NOW - timedelta(days=1)
    make_calls(yesterday, NOW)
    make_calls(yesterday, user="bob", tool="u", outcome=Outcome.FAILED, error="not_found")
    make_calls(yesterday, user="bob", outcome=Outcome.REFUSED, error="missing_scope")
    make_calls(yesterday, outcome=Outcome.UNFINISHED)
    spans = rollups.last_days(NOW + timedelta(seconds=1), 7)
    counted = total(spans)
    rollups.keep(NOW)

    assert counted == total(spans)
    assert {"ok": 2, "failed": 1, "refused": 1, "unfinished": 1} == counted.outcomes
    assert {"not_found": 1, "missing_scope": 1} == counted.errors
    assert ({"alice": 3, "bob": 2}, {"t": 4, "u": 1}) == (counted.users, counted.tools)
    assert ({"u": 1}, {"t": {5: 2}, "u": {5: 1}}) == (counted.failures, counted.durations)


def test_calls_that_are_written_down_late_are_counted(make_calls: MakeCalls) -> None:
    spans = rollups.last_days(NOW, 30)
    make_calls(NOW - timedelta(days=20))
    rollups.keep(NOW)
    make_calls(NOW - timedelta(days=3), NOW - timedelta(days=10))
    assert 3 == total(spans).calls
    rollups.keep(NOW)
    assert 3 == total(spans).calls


def test_nothing_is_counted_again_that_is_kept(
    make_calls: MakeCalls, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_calls(*(NOW - timedelta(hours=hours) for hours in range(1, 601)))
    rollups.keep(NOW)
    with django_assert_max_num_queries(4):
        assert 600 == total(rollups.last_days(NOW, 30)).calls


def test_only_what_a_page_may_ask_for_is_kept(make_calls: MakeCalls) -> None:
    make_calls(*(NOW - timedelta(hours=hours) for hours in range(1000)))
    for days in range(3):
        rollups.keep(NOW + timedelta(days=days, minutes=7 * days))
    assert CallSummary.objects.count() <= 29 + 24 + 12
    assert NOW - timedelta(days=29) <= min(CallSummary.objects.values_list("starts_at", flat=True))


def test_nothing_is_kept_longer_than_the_audit_log(
    make_calls: MakeCalls, settings: Settings
) -> None:
    settings.AUDIT_RETENTION_DAYS = 5
    make_calls(NOW - timedelta(days=6), NOW - timedelta(days=3))
    rollups.keep(NOW)
    ToolCall.objects.filter(started_at__lt=NOW - timedelta(days=5)).delete()
    assert 1 == total(rollups.last_days(NOW, 30)).calls


def test_the_newest_is_counted_when_there_is_no_time_for_all(make_calls: MakeCalls) -> None:
    make_calls(NOW - timedelta(days=2), NOW - timedelta(days=1))
    rollups.keep(NOW)
    CallSummary.objects.earliest("starts_at").delete()
    parts = rollups.read(rollups.last_days(NOW, 30), seconds=-1)
    assert [True] + [False] * 27 == [part.statistics is None for part in parts[:28]]


@pytest.mark.django_db(transaction=True)
def test_a_server_counts_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "FIRST_KEPT_SECONDS", 0.0)

    async def serve() -> None:
        async with rollups.kept():
            while not await in_thread(CallSummary.objects.exists):
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(serve(), 30))
    assert CallSummary.objects.filter(ends_at__lt=timezone.now()).exists()


@pytest.mark.django_db(transaction=True)
def test_a_server_goes_on_counting_after_a_failure_that_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    monkeypatch.setattr(rollups, "FIRST_KEPT_SECONDS", 0.0)
    monkeypatch.setattr(rollups, "KEPT_SECONDS", 0.01)
    days, settings.AUDIT_RETENTION_DAYS = settings.AUDIT_RETENTION_DAYS, "no number"

    async def serve() -> None:
        async with rollups.kept():
            while not caplog.records:
                await asyncio.sleep(0)
            settings.AUDIT_RETENTION_DAYS = days
            while not await in_thread(CallSummary.objects.exists):
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(serve(), 30))
    assert "TypeError" in caplog.text
