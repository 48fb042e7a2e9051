"""Writes rows of calls with SQL that is built once.

Django would build a model instance and its SQL anew for the row of each call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone

from mcpserver.audit.models import Outcome, ToolCall


@dataclass(slots=True)
class CallRow:
    """A call under way or just ended. It has the fields of ToolCall, which stores it."""

    user: str
    tool: str
    changes: bool
    credential: str = ""
    profile: str = ""
    user_id: int | None = None
    credential_id: int | None = None
    request_id: str = ""
    targets: dict[str, str] = field(default_factory=dict)
    started_at: datetime = field(default_factory=timezone.now)
    outcome: str = Outcome.UNFINISHED.value
    error: str = ""
    upstream_status: int | None = None
    requests: int = 0
    duration_ms: int | None = None
    pk: int | None = None  # once it is stored


_ENDED = ("targets", "outcome", "error", "upstream_status", "requests", "duration_ms")
_ALL = tuple(each.attname for each in ToolCall._meta.concrete_fields if not each.primary_key)
_TABLE = ToolCall._meta.db_table
_TARGETS = ToolCall._meta.get_field("targets")


def insert(row: CallRow) -> None:
    """Store a row and set its `pk`."""
    is_returned = connection.features.can_return_columns_from_insert  # not by an old SQLite
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql() + " RETURNING id" * is_returned, _stored(row, _ALL))
        row.pk = cursor.fetchone()[0] if is_returned else cursor.lastrowid


def insert_all(rows: Iterable[CallRow]) -> None:
    """Store rows that are not needed again."""
    with connection.cursor() as cursor:
        cursor.executemany(_insert_sql(), [_stored(row, _ALL) for row in rows])


def end(row: CallRow) -> None:
    """Store how a call ended. A missing row is no error: it would be tried again for ever. The
    request id is compared because after a restored backup, `pk` may be another call's."""
    with connection.cursor() as cursor:
        cursor.execute(_end_sql(), [*_stored(row, _ENDED), row.pk, row.request_id])


def _stored(row: CallRow, names: tuple[str, ...]) -> list[Any]:
    """The values of the fields `names` as the database takes them."""
    values = {name: getattr(row, name) for name in names}
    values["targets"] = _TARGETS.get_db_prep_save(row.targets, connection)
    if "started_at" in values:
        values["started_at"] = connection.ops.adapt_datetimefield_value(row.started_at)
    return list(values.values())


@cache
def _insert_sql() -> str:
    columns, values = ", ".join(_quoted(_ALL)), ", ".join(["%s"] * len(_ALL))
    return f"INSERT INTO {_TABLE} ({columns}) VALUES ({values})"


@cache
def _end_sql() -> str:
    changes = ", ".join(f"{column} = %s" for column in _quoted(_ENDED))
    return f"UPDATE {_TABLE} SET {changes} WHERE id = %s AND request_id = %s"


def _quoted(columns: tuple[str, ...]) -> list[str]:
    """Quoted names: `user` is a reserved word of SQL."""
    return [connection.ops.quote_name(column) for column in columns]
