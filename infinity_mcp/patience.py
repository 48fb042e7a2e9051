"""How long a server waits for its database to answer one statement, or for SQLite's lock.

A database that hangs (a lock that somebody holds, a machine that is stuck) refuses nothing, and
nobody who waits for it would ever be told. Commands do wait: migrations may take long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from infinity_mcp.draining import is_draining

PAGE_SECONDS = 30.0  # a page may search through a large audit log
CALL_SECONDS = 5.0
# At the end, when what waits must not outlast the server's last minute.
LAST_SECONDS = READY_SECONDS = 3.0

_is_server = False
_seconds: ContextVar[float] = ContextVar("seconds", default=PAGE_SECONDS)


def serve() -> None:
    """From now on this process is a server."""
    global _is_server
    _is_server = True


def answer_seconds() -> float | None:
    """What a statement that is sent now may take; None is any time."""
    if not _is_server:
        return None
    return min(_seconds.get(), LAST_SECONDS) if is_draining() else _seconds.get()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Statements that are sent meanwhile may take so long."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)
