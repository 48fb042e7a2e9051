"""Changes many rows in batches, so that others can write in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest

SIZE = 100
M = TypeVar("M", bound=Model)


def batches(rows: QuerySet[M]) -> Iterator[list[M]]:
    """Yields `rows` in batches, each for its own transaction: during one, SQLite lets no other
    connection write."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), SIZE):
        yield list(rows.filter(pk__in=keys[start : start + SIZE]))


def log_changes(request: HttpRequest, rows: Sequence[Model], message: str | list[Any]) -> None:
    """Add `message` to the history of each row."""
    user: Any = request.user
    LogEntry.objects.log_actions(user.pk, rows, CHANGE, message)
