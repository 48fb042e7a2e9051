"""Makes processes on one machine take turns, with a lock file."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

MAX_WAIT_SECONDS = 600
ERRORS = {
    sqlite3.SQLITE_BUSY: errno.ETIMEDOUT,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Holds `lock`, a file that stays empty; waits while another process holds it.

    It uses SQLite's locks, which work on every system and end with the process. Raises OSError,
    with the file's name, if the file cannot be made or locked, or after too long a wait.
    """
    lock.touch(mode=0o600)
    if not lock.is_file() or lock.stat().st_size:
        raise FileExistsError(errno.EEXIST, "it is not a lock, as it is not empty", str(lock))
    with closing(_held(lock)):
        yield


def _held(lock: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(lock, timeout=MAX_WAIT_SECONDS, isolation_level=None)
        try:
            database.execute("BEGIN EXCLUSIVE")
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        number = ERRORS.get(error.sqlite_errorcode & 0xFF, errno.EIO)
        raise OSError(number, str(error), str(lock)) from error
    return database
