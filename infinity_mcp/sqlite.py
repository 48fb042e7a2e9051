"""Connections to SQLite: how long they wait for a lock, and whether the file can be written."""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import Any

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from infinity_mcp.patience import answer_seconds

logger = logging.getLogger(__name__)

LOCK_SECONDS = 10  # of a page or a command, at most
TRY_SECONDS = 5.0  # between two writes that find out whether there can be any


def limit_waiting() -> None:
    """From now on a connection waits no longer than `patience` had it when it was opened."""
    connection_created.connect(_limit, dispatch_uid="infinity_mcp.sqlite")


def is_locked(error: BaseException | None) -> bool:
    """Whether another connection held the lock for all that time."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says which kind it is
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class WritableFile:
    """Whether the database can be written, where it is a file: not on a full disk, say."""

    def __init__(self) -> None:
        self._is_writable, self._tried_at = True, float("-inf")

    def is_writable(self) -> bool:
        """Writes at most every TRY_SECONDS, and logs when the answer changes."""
        now = time.monotonic()
        if connection.vendor == "sqlite" and now - self._tried_at >= TRY_SECONDS:
            self._tried_at = now
            self._note(_write_error())
        return self._is_writable

    def _note(self, error: str) -> None:
        if error and self._is_writable:
            logger.error(
                "The database %s cannot be written (%s): changes are refused, and the audit log is"
                " kept in memory and lost when the server ends. See that the disk has room and that"
                " the folder (DATA_DIR) belongs to the user of this server.",
                *(connection.settings_dict["NAME"], error),
            )
        elif not error and not self._is_writable:
            logger.warning("The database can be written again")
        self._is_writable = not error


database_file = WritableFile()


def _write_error() -> str:
    try:
        with connection.cursor() as cursor:
            # It has no meaning here, and is written even if it stays the same.
            cursor.execute("PRAGMA user_version = 0")
    except OperationalError as error:
        return "" if is_locked(error.__cause__) else str(error)
    return ""


def _limit(connection: Any, **kwargs: Any) -> None:
    seconds = answer_seconds()
    if connection.vendor == "sqlite" and seconds is not None and seconds < LOCK_SECONDS:
        connection.connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
