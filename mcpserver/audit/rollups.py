"""Stores statistics of the last month, so that pages have only the newest calls to count.

Past time spans are counted once and stored: whole days, the hours of the last day, and parts of
five minutes of the current hour. Only calls after those are counted when a page is shown.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import anyio
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Max, Min, Q
from django.utils import timezone

from infinity_mcp.core.async_database import in_thread
from mcpserver.audit.models import CallSummary, ToolCall
from mcpserver.audit.statistics import Statistics

DAY, HOUR, MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
# After this time, every call of a span has ended and its row is written.
SETTLING = timedelta(minutes=2)
FIRST_KEPT_SECONDS, KEPT_SECONDS = 5.0, 60.0

logger = logging.getLogger(__name__)


class Span(NamedTuple):
    """A time span; the moment `end` is not part of it."""

    start: datetime
    end: datetime


class Part(NamedTuple):
    """A time span and its statistics; None where there was no time to count."""

    span: Span
    statistics: Statistics | None


def last_hours(now: datetime) -> list[Span]:
    """The last 24 hours: the one under way and the 23 before it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return list(_spans(hour - 23 * HOUR, now, (HOUR, MOMENT)))


def last_days(now: datetime, days: int) -> list[Span]:
    """The last `days` days (UTC), today included."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return list(_spans(today - (days - 1) * DAY, now, (DAY, HOUR, MOMENT)))


def _spans(start: datetime, now: datetime, lengths: tuple[timedelta, ...]) -> Iterator[Span]:
    """The longest past spans from `start` on, and the rest until `now`."""
    for length in lengths:
        while start + length <= now - SETTLING:
            yield Span(start, start + length)
            start += length
    yield Span(start, now)


def read(spans: list[Span], seconds: float) -> list[Part]:
    """The statistics of `spans`, in their order.

    Spans that are not stored are counted, the newest first, and not after `seconds` have passed.
    """
    counted = _counted_since(spans[0].start)
    end = time.monotonic() + seconds
    parts = []
    for span in reversed(spans):
        statistics = counted.get(span)
        if statistics is None and time.monotonic() < end:
            statistics = Statistics.of(*span)
        parts.append(Part(span, statistics))
    return parts[::-1]


def _counted_since(start: datetime) -> dict[Span, Statistics]:
    outdated = _outdated_from() or datetime.max.replace(tzinfo=start.tzinfo)
    kept = CallSummary.objects.filter(starts_at__gte=start, ends_at__lte=outdated)
    return {
        Span(each.starts_at, each.ends_at): Statistics.from_json(each.statistics) for each in kept
    }


def _outdated_from() -> datetime | None:
    """The start of the first call whose row was written after its span was counted, if any."""
    counted = CallSummary.objects.aggregate(call=Max("last_call_id"), until=Max("ends_at"))
    if counted["until"] is None:
        return None
    # As a filter of the query, it would have databases read all earlier calls.
    late = Min("started_at", filter=Q(started_at__lt=counted["until"]))
    newer = ToolCall.objects.filter(pk__gt=counted["call"]).order_by()
    first: datetime | None = newer.aggregate(first=late)["first"]
    return first


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Counts past spans regularly while the block runs."""
    stopping = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(_keep_regularly, stopping)
        try:
            yield
        finally:
            stopping.set()


async def _keep_regularly(stopping: anyio.Event) -> None:
    seconds = FIRST_KEPT_SECONDS
    while True:
        with anyio.move_on_after(seconds):
            await stopping.wait()
            return
        seconds = KEPT_SECONDS
        try:
            await in_thread(keep, timezone.now(), stopping.is_set)
        except Exception as error:  # of any kind: the server goes on, and the next try may work
            text, foreseen = "Calls could not be counted; it is tried again: %s", DatabaseError
            logger.warning(text, error, exc_info=not isinstance(error, foreseen))


def keep(now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Count past spans that are not stored; delete those that no page needs any more."""
    last_call = ToolCall.objects.aggregate(last=Max("pk"))["last"] or 0
    if outdated := _outdated_from():
        CallSummary.objects.filter(ends_at__gt=outdated).delete()
    oldest = now - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    spans = {*last_days(now, 30)[:-1], *last_hours(now)[:-1]}
    wanted = {span for span in spans if span.start >= oldest}
    kept = {
        Span(*row): pk for pk, *row in CallSummary.objects.values_list("pk", "starts_at", "ends_at")
    }
    CallSummary.objects.filter(pk__in=[kept[span] for span in kept.keys() - wanted]).delete()
    for span in sorted(wanted - kept.keys(), reverse=True):
        if is_stopping():
            return
        summary = CallSummary(
            starts_at=span.start,
            ends_at=span.end,
            statistics=Statistics.of(*span).as_json(),
            last_call_id=last_call,
        )
        # Another process may have counted it at the same time.
        CallSummary.objects.bulk_create([summary], ignore_conflicts=True)
