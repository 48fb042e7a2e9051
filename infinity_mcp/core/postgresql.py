"""Opens PostgreSQL connections with a statement timeout; drops those that outlived an outage.

PostgreSQL's own timeouts are not enough: they do not work when the server is stuck, PgBouncer
refuses them when a connection is opened, and if set later they would affect its other clients.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg import capabilities
from psycopg.abc import PQGen

from infinity_mcp.core.statement_timeout import answer_seconds

CANCEL_SECONDS = 1.0
READ_ONLY_SECONDS = 1.0  # how long a read-only session may be used again

# Errors that a session may go on to raise after their cause is gone: settings of a role, a database
# or a server apply to a session from its beginning to its end.
_OF_SESSION = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.QueryCanceled,  # statement_timeout
    psycopg.errors.LockNotAvailable,  # lock_timeout
)

T = TypeVar("T")


class NoAnswer(psycopg.OperationalError, TimeoutError):
    """The database is reachable, but did not answer in time."""


class Connection(psycopg.Connection[Any]):
    """A connection whose statements end after a time limit, even if the server is stuck."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opened_at = time.monotonic()

    def execute(self, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """Used by the pool to check a connection before it is used; Django has its own cursors."""
        if self._may_have_outlived_read_only():
            self.close()
            self._leave_others()
            raise psycopg.OperationalError("Opened while the database could be read only")
        return super().execute(*args, **kwargs)

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Raises NoAnswer after the timeout, and closes the connection."""
        seconds = answer_seconds()
        try:
            return super().wait(gen, *args, **{"timeout": seconds, **kwargs})
        except psycopg.errors._WaitTimeout:  # it has no public name
            self._give_up()
            self._leave_others()
            raise NoAnswer(f"The database did not answer in {seconds:g} s") from None
        except _OF_SESSION:
            self.close()
            self._leave_others()
            raise
        except psycopg.OperationalError:
            if self.closed:
                self._leave_others()
            raise

    def _may_have_outlived_read_only(self) -> bool:
        default = self.pgconn.parameter_status(b"default_transaction_read_only")
        return default == b"on" and time.monotonic() - self._opened_at > READ_ONLY_SECONDS

    def _give_up(self) -> None:
        # Cancel the statement, or it would go on waiting for its lock, as would each attempt's.
        if capabilities.has_cancel_safe():  # without it there is no bound on how long that takes
            self._try_cancel(timeout=CANCEL_SECONDS)
        self.close()

    def _leave_others(self) -> None:
        """Make the pool open new connections: its idle ones have the same fault, and checking them
        one by one would take longer than a request waits."""
        pool = getattr(self, "_pool", None)
        if pool is not None:
            pool.drain()
