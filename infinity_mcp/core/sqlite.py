"""Limits how long SQLite connections wait for a lock, and checks whether the file is writable."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.core.paths import runnable
from infinity_mcp.core.statement_timeout import answer_seconds

logger = logging.getLogger(__name__)

LOCK_SECONDS = 10  # the longest wait of a page or a command
UNUSABLE = (
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR),
)
TRY_SECONDS = 5.0  # between two test writes
CHECK_THE_PLACE = (
    "See that the disk has free space, and that the folder (DATA_DIR) belongs to the user of this "
    "server."
)


def limit_waiting() -> None:
    """Make new connections wait for a lock as long as `statement_timeout` allows."""
    connection_created.connect(_limit, dispatch_uid="infinity_mcp.core.sqlite")


def is_locked(error: BaseException | None) -> bool:
    """Whether another connection held the lock until the timeout."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: BaseException | None) -> int:
    """SQLite's primary error code; 0 for other errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bits are the extended code


def is_unusable(error: BaseException | None) -> bool:
    """Whether the file or its disk is the cause, so that waiting does not help."""
    return _code(error.__cause__ if error else None) in UNUSABLE


class WritableFile:
    """Checks whether SQLite's file can be written; on a full disk, for example, it cannot."""

    def __init__(self) -> None:
        self._is_writable, self._tried_at = True, float("-inf")

    def is_writable(self) -> bool:
        """Tests by a write, at most every TRY_SECONDS, and logs when the answer changes."""
        now = time.monotonic()
        if connection.vendor == "sqlite" and now - self._tried_at >= TRY_SECONDS:
            self._tried_at = now
            self._note(_write_error())
        return self._is_writable

    def note_failure(self, error: Exception) -> None:
        """Log, once, an error elsewhere that the file or its disk caused."""
        if is_unusable(error):
            self._note(error)

    def _note(self, error: Exception | None) -> None:
        if error and self._is_writable:
            file = connection.settings_dict["NAME"]
            logger.error(
                "The database %s cannot be written (%s): changes are refused, and the audit log is"
                " kept in memory and lost when the server ends. %s",
                *(file, error, runnable(remedy(error, Path(file))) or CHECK_THE_PLACE),
            )
        elif not error and not self._is_writable:
            logger.warning("The database can be written again")
        self._is_writable = not error


database_file = WritableFile()


def _write_error() -> OperationalError | None:
    try:
        with connection.cursor() as cursor:
            # user_version is not used, and is written even if it does not change.
            cursor.execute("PRAGMA user_version = 0")
    except OperationalError as error:
        return None if is_locked(error.__cause__) else error
    return None


def _limit(connection: Any, **kwargs: Any) -> None:
    seconds = answer_seconds()
    if connection.vendor == "sqlite" and seconds is not None and seconds < LOCK_SECONDS:
        connection.connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
