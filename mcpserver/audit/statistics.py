"""Adds up calls: outcomes, durations, tools."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from mcpserver.audit.models import Outcome, ToolCall

RAN = (Outcome.OK, Outcome.FAILED)  # refused calls take no time, and unfinished ones have none


@dataclass
class Statistics:
    """Counts of calls, by one property each.

    `durations` counts the calls of each tool that ran, by `bucket_of` their milliseconds.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Counter[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, start: datetime, end: datetime) -> Self:
        """Count the calls that began from `start` on and before `end`."""
        made = cls()
        calls = ToolCall.objects.filter(started_at__gte=start, started_at__lt=end).order_by()
        columns = calls.values_list("tool", "user", "outcome", "error", "duration_ms")
        for tool, user, outcome, error, duration in columns.iterator(chunk_size=5000):
            made.outcomes[outcome] += 1
            made.users[user] += 1
            made.tools[tool] += 1
            if error:
                made.errors[error] += 1
            if outcome == Outcome.REFUSED:
                made.refusals[tool] += 1
            if outcome == Outcome.FAILED:
                made.failures[tool] += 1
            if outcome in RAN and duration is not None:
                made.durations.setdefault(tool, Counter())[bucket_of(duration)] += 1
        return made

    def add(self, other: Statistics) -> None:
        """Add all counts of `other`."""
        for name in ("outcomes", "errors", "users", "tools", "refusals", "failures"):
            getattr(self, name).update(getattr(other, name))
        for tool, durations in other.durations.items():
            self.durations.setdefault(tool, Counter()).update(durations)

    @property
    def calls(self) -> int:
        """The number of calls with any outcome."""
        return self.outcomes.total()

    def as_json(self) -> dict[str, Any]:
        """The counts by name, as `from_json` reads them."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The statistics that `as_json` wrote; JSON made texts of the durations."""
        plain = {name: Counter(counts) for name, counts in stored.items() if name != "durations"}
        durations = {
            tool: Counter({int(bucket): calls for bucket, calls in counts.items()})
            for tool, counts in stored["durations"].items()
        }
        return cls(**plain, durations=durations)


def bucket_of(milliseconds: int) -> int:
    """The shortest duration in the same bucket: at most 1/16 shorter."""
    shift = max(milliseconds.bit_length() - 5, 0)
    return milliseconds >> shift << shift


def percentile(durations: Counter[int], percent: int) -> int | None:
    """The milliseconds that `percent` of the calls took at most, exact within 1/32."""
    rank = math.ceil(durations.total() * percent / 100)
    for bucket in sorted(durations):
        rank -= durations[bucket]
        if rank <= 0:
            return bucket + (1 << max(bucket.bit_length() - 5, 0)) // 2
    return None
