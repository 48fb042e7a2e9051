"""Lets processes on one machine do a thing one after the other."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

LONGEST_WAIT_SECONDS = 600


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Holds `lock`, a file that stays empty; waits for another process that holds it.

    It is a lock of SQLite's, which every system has, and which ends with the process.
    Raises OSError when the file cannot be made, sqlite3.OperationalError after too long a wait.
    """
    lock.touch(mode=0o600)
    opened = sqlite3.connect(lock, timeout=LONGEST_WAIT_SECONDS, isolation_level=None)
    with closing(opened) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "readonly" in str(error):  # the lock of another user
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), lock) from error
            raise
        yield
