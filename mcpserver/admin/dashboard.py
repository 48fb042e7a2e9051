"""Computes the figures, plots and lists of the admin's first page."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from mcpserver.admin.alerts import alerts, list_of
from mcpserver.audit import rollups
from mcpserver.audit.models import Outcome, ToolCall
from mcpserver.audit.rollups import Part
from mcpserver.audit.statistics import Statistics, percentile

COUNTING_SECONDS = 0.2  # for calls that are not counted yet; the page does not wait longer
MAX_LISTED = 10
BUDGET_MINUTES = 10
MINUTE = timedelta(minutes=1)

OUTCOMES = (Outcome.OK, Outcome.REFUSED, Outcome.FAILED, Outcome.UNFINISHED)

# The names of the ranges, here and in the lists of the audit log.
RANGES = {"1d": "24 hours", "7d": "7 days", "30d": "30 days"}
DEFAULT_RANGE = "30d"


@dataclass(frozen=True)
class Bar:
    """A row of a list. `of` is what a bar of full length stands for; durations in milliseconds."""

    name: str
    count: int
    of: int
    refused: int = 0
    failed: int = 0
    url: str = ""
    median: int | None = None
    high: int | None = None

    @property
    def percent(self) -> int:
        """The length of the bar."""
        return _percent(self.count, self.of)

    @property
    def not_worked_percent(self) -> int:
        """The part of the bar that was refused or failed."""
        return _percent(self.refused + self.failed, self.of)

    @property
    def failed_percent(self) -> int:
        """The part of the bar that failed."""
        return _percent(self.failed, self.of)


@dataclass
class Slot:
    """An hour or a day of the plots."""

    outcomes: Counter[str] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)

    def add(self, statistics: Statistics) -> None:
        """Add the outcomes and durations of all tools."""
        self.outcomes.update(statistics.outcomes)
        for durations in statistics.durations.values():
            self.durations.update(durations)

    @property
    def counts(self) -> list[int]:
        """In the order of OUTCOMES."""
        return [self.outcomes[outcome] for outcome in OUTCOMES]

    @property
    def median(self) -> int | None:
        """The duration that half of the calls took at most, in ms; None without calls."""
        return percentile(self.durations, 50)

    @property
    def high(self) -> int | None:
        """The duration that 95 % of the calls took at most, in ms; None without calls."""
        return percentile(self.durations, 95)


class RequestSample(NamedTuple):
    """The requests to Infinity of one call."""

    at: datetime
    requests: int


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's index, with the dashboard for those who may see the audit log."""
    if not request.user.has_perm("mcpserver.view_toolcall"):
        return context
    chosen = request.GET.get("range", "")
    dashboard = Dashboard(chosen if chosen in RANGES else DEFAULT_RANGE, timezone.now())
    return {**context, "dashboard": dashboard, "alerts": alerts(request.user)}


class Dashboard:
    """The calls of one of RANGES, until `now`. Durations are in milliseconds."""

    ranges = RANGES
    outcomes = OUTCOMES
    budget_minutes = BUDGET_MINUTES

    def __init__(self, range: str, now: datetime) -> None:
        self.range, self._now = range, now

    @property
    def slot_name(self) -> str:
        """What a slot of the plots spans: "hour" or "day"."""
        return "hour" if self.range == "1d" else "day"

    @cached_property
    def _parts(self) -> list[Part]:
        if self.range == "1d":
            spans = rollups.last_hours(self._now)
        else:
            spans = rollups.last_days(self._now, 7 if self.range == "7d" else 30)
        return rollups.read(spans, COUNTING_SECONDS)

    @property
    def is_complete(self) -> bool:
        """Whether the whole range is counted; if not, the next request counts more of it."""
        return all(part.statistics for part in self._parts)

    @cached_property
    def is_unused(self) -> bool:
        """Whether the audit log has no call at all."""
        return not ToolCall.objects.exists()

    @cached_property
    def total(self) -> Statistics:
        """The statistics of the whole range."""
        total = Statistics()
        for part in self._parts:
            if part.statistics:
                total.add(part.statistics)
        return total

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """The slots by their labels in the plots, in UTC: `14:00` or `Nov 22`."""
        form = "%H:00" if self.range == "1d" else "%b %d"
        slots: dict[str, Slot] = {}
        for part in self._parts:
            slot = slots.setdefault(part.span.start.strftime(form), Slot())
            if part.statistics:
                slot.add(part.statistics)
        # For its first minutes, a slot is counted with the one before it.
        slots.setdefault(self._now.strftime(form), Slot())
        return slots

    @cached_property
    def whole(self) -> Slot:
        """The whole range as one slot."""
        whole = Slot()
        whole.add(self.total)
        return whole

    @property
    def share_that_worked(self) -> float | None:
        """The share of successful calls, in percent."""
        calls = self.total.calls
        return 100 * self.total.outcomes[Outcome.OK] / calls if calls else None

    @property
    def errors(self) -> list[Bar]:
        """The most frequent kinds of errors, each with a link to its calls."""
        return [
            replace(bar, name=bar.name.replace("_", " ").capitalize())
            for bar in self._bars(self.total.errors, "error")
        ]

    @property
    def users(self) -> list[Bar]:
        """The most active MCP users, each with a link to its calls."""
        return self._bars(self.total.users, "q")

    @property
    def tools(self) -> list[Bar]:
        """The most called tools, with their outcomes, durations and a link to their calls."""
        from mcpserver.tools import tool_names  # here, because commands load the dashboard

        known = tool_names()  # rows of earlier versions may name tools that agents made up
        calls = Counter({tool: n for tool, n in self.total.tools.items() if tool in known})
        bars = self._bars(calls, "tool")
        return [replace(bar, **self._of_tool(bar.name)) for bar in bars]

    @cached_property
    def budgets(self) -> list[Bar]:
        """The requests of each profile in its busiest recent minute, out of its limit."""
        start = self._now - timedelta(minutes=BUDGET_MINUTES)
        calls = ToolCall.objects.filter(started_at__gte=start, requests__gt=0)
        sent: dict[str, list[RequestSample]] = {}
        columns = calls.order_by("started_at").values_list("profile", "started_at", "requests")
        for profile, at, requests in columns:
            sent.setdefault(profile, []).append(RequestSample(at, requests))
        busiest = Counter({profile: _busiest_minute(calls) for profile, calls in sent.items()})
        limit = self.request_limit
        return [Bar(name, count, of=limit) for name, count in busiest.most_common(MAX_LISTED)]

    def _bars(self, counts: Counter[str], filter: str) -> list[Bar]:
        listed = counts.most_common(MAX_LISTED)
        return [
            Bar(
                name,
                count,
                of=listed[0][1],
                url=list_of(ToolCall, **{filter: name, "within": self.range}),
            )
            for name, count in listed
        ]

    def _of_tool(self, tool: str) -> dict[str, Any]:
        durations = self.total.durations.get(tool, Counter())
        return {
            "refused": self.total.refusals[tool],
            "failed": self.total.failures[tool],
            "median": percentile(durations, 50),
            "high": percentile(durations, 95),
        }

    @property
    def request_limit(self) -> int:
        """How many requests a minute Infinity gets from one profile at most."""
        return int(settings.INFINITY_REQUESTS_PER_MINUTE)

    @property
    def plots(self) -> dict[str, Any]:
        """The data that the page's script draws."""
        slots = self.slots.values()
        return {
            "labels": list(self.slots),
            "axis": f"{self.slot_name.capitalize()} (UTC)",
            "calls": [
                {
                    "outcome": outcome.value,
                    "label": outcome.label,
                    "data": [slot.outcomes[outcome] for slot in slots],
                }
                for outcome in OUTCOMES
            ],
            "median": [slot.median for slot in slots],
            "high": [slot.high for slot in slots],
        }


def _busiest_minute(calls: list[RequestSample]) -> int:
    """The most requests in any 60 seconds; `calls` are ordered by time."""
    most = total = oldest = 0
    for call in calls:
        total += call.requests
        while call.at - calls[oldest].at >= MINUTE:
            total -= calls[oldest].requests
            oldest += 1
        most = max(most, total)
    return most


def _percent(part: int, whole: int) -> int:
    """The share in percent, rounded up so that a small one can be seen."""
    return min(100, math.ceil(100 * part / whole))
