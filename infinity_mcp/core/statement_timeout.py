"""Limits how long a server waits for one statement, or for SQLite's lock.

A database that hangs (because of a held lock or a stuck machine) raises no error, so callers would
wait for ever. Commands have no limit: migrations may take long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from infinity_mcp.core.shutdown import is_draining

PAGE_SECONDS = 30.0  # a page may search through a large audit log
CALL_SECONDS = 5.0
# At shutdown, so that waiting statements end within the server's last minute.
LAST_SECONDS = READY_SECONDS = 3.0

_is_server = False
_seconds: ContextVar[float] = ContextVar("seconds", default=PAGE_SECONDS)


def serve() -> None:
    """Apply the timeouts of a server to this process."""
    global _is_server
    _is_server = True


def answer_seconds() -> float | None:
    """How long a statement that is sent now may take; None means no limit."""
    if not _is_server:
        return None
    return min(_seconds.get(), LAST_SECONDS) if is_draining() else _seconds.get()


@contextmanager
def statement_timeout(seconds: float) -> Iterator[None]:
    """Limits the statements inside it to `seconds`."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)
