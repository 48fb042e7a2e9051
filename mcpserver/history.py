"""The statistics of the last month, fast however many calls there were.

What is over is counted once and kept: whole days, the hours of the last day, and five minutes at a
time of the hour under way. Only what came after is counted when somebody asks.
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

from mcpserver.database import in_thread
from mcpserver.models import CallSummary, ToolCall
from mcpserver.statistics import Statistics

DAY, HOUR, MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
# By then every call has ended, and its row is written.
SETTLING = timedelta(minutes=2)
FIRST_KEPT_SECONDS, KEPT_SECONDS = 5.0, 60.0

logger = logging.getLogger(__name__)


class Span(NamedTuple):
    start: datetime
    end: datetime


class Part(NamedTuple):
    """`statistics` is None where there was no time to count."""

    span: Span
    statistics: Statistics | None


def last_hours(now: datetime) -> list[Span]:
    """The last 24 hours: the one under way and the 23 before it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return list(_spans(hour - 23 * HOUR, now, (HOUR, MOMENT)))


def last_days(now: datetime, days: int) -> list[Span]:
    """So many days (UTC), today included."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return list(_spans(today - (days - 1) * DAY, now, (DAY, HOUR, MOMENT)))


def _spans(start: datetime, now: datetime, lengths: tuple[timedelta, ...]) -> Iterator[Span]:
    """From `start` on, the longest that are over; the last one is under way."""
    for length in lengths:
        while start + length <= now - SETTLING:
            yield Span(start, start + length)
            start += length
    yield Span(start, now)


def read(spans: list[Span], seconds: float) -> list[Part]:
    """The statistics of `spans`, in their order.

    What has to be counted is counted newest first, and not begun after `seconds`.
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
    """When the first call began that was written down after its time had been counted, if any."""
    counted = CallSummary.objects.aggregate(call=Max("last_call_id"), until=Max("ends_at"))
    if counted["until"] is None:
        return None
    # As a condition of the call, it would lead databases to look through all that went before.
    late = Min("started_at", filter=Q(started_at__lt=counted["until"]))
    newer = ToolCall.objects.filter(pk__gt=counted["call"]).order_by()
    first: datetime | None = newer.aggregate(first=late)["first"]
    return first


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """While it lasts, what is over is counted soon."""
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
        except Exception as error:  # whatever it is, the server goes on, and the next may work
            told, foreseen = "Calls could not be counted; it is tried again: %s", DatabaseError
            logger.warning(told, error, exc_info=not isinstance(error, foreseen))


def keep(now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Count what is over and not counted yet; forget what no page asks for any more."""
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
        # Another process may have counted it meanwhile.
        CallSummary.objects.bulk_create([summary], ignore_conflicts=True)
