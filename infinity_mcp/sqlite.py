"""Connections to SQLite: how long they wait for a lock, and what their errors mean."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.db.backends.signals import connection_created

from infinity_mcp.patience import answer_seconds

LOCK_SECONDS = 10  # of a page or a command, at most


def limit_waiting() -> None:
    """From now on a connection waits no longer than `patience` had it when it was opened."""
    connection_created.connect(_limit, dispatch_uid="infinity_mcp.sqlite")


def is_locked(error: BaseException | None) -> bool:
    """Whether another connection held the lock for all that time."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says which kind it is
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _limit(connection: Any, **kwargs: Any) -> None:
    seconds = answer_seconds()
    if connection.vendor == "sqlite" and seconds is not None and seconds < LOCK_SECONDS:
        connection.connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
