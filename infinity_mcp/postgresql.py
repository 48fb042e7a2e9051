"""Connections to PostgreSQL: they wait a limited time, and none is used on after an outage.

PostgreSQL's own timeouts would not do: they are no help against a server that is stuck, PgBouncer
refuses them when a connection is opened, and set later they would be left to others there.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg import capabilities
from psycopg.abc import PQGen

from infinity_mcp.patience import answer_seconds

CANCEL_SECONDS = 1.0
READ_ONLY_SECONDS = 1.0  # so long a session that can only read may be used again

# What the session may go on to answer when the cause is over: settings of a role, a database or a
# server count for sessions that begin under them, to their end.
_OF_SESSION = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.QueryCanceled,  # statement_timeout
    psycopg.errors.LockNotAvailable,  # lock_timeout
)

T = TypeVar("T")


class NoAnswer(psycopg.OperationalError, TimeoutError):
    """The database is there, and did not answer in time."""


class Connection(psycopg.Connection[Any]):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opened_at = time.monotonic()

    def execute(self, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """With this the pool checks a connection before it is used; Django has its own cursors."""
        if self._may_have_outlived_read_only():
            self.close()
            self._leave_others()
            raise psycopg.OperationalError("Opened while the database could be read only")
        return super().execute(*args, **kwargs)

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Raises NoAnswer, and is closed then."""
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
        # Or the statement would go on waiting for its lock, and each attempt leave another one.
        if capabilities.has_cancel_safe():  # without it there is no bound on how long that takes
            self._try_cancel(timeout=CANCEL_SECONDS)
        self.close()

    def _leave_others(self) -> None:
        """Have the pool open connections anew: those that are idle have the same fault, and to find
        that out of one after the other would take the pool longer than anybody waits for it."""
        pool = getattr(self, "_pool", None)
        if pool is not None:
            pool.drain()
