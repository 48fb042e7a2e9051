"""Connections to PostgreSQL that give up a statement to which there is no answer.

PostgreSQL's own timeouts would not do: they are no help against a server that is stuck, PgBouncer
refuses them when a connection is opened, and set later they would be left to others there.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg import capabilities
from psycopg.abc import PQGen

from infinity_mcp.patience import answer_seconds

CANCEL_SECONDS = 1.0

T = TypeVar("T")


class NoAnswer(psycopg.OperationalError, TimeoutError):
    """The database is there, and did not answer in time."""


class Connection(psycopg.Connection[Any]):
    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Raises NoAnswer, and is closed then."""
        seconds = answer_seconds()
        try:
            return super().wait(gen, *args, **{"timeout": seconds, **kwargs})
        except psycopg.errors._WaitTimeout:  # it has no public name
            self._give_up()
            self._leave_others()
            raise NoAnswer(f"The database did not answer in {seconds:g} s") from None
        except psycopg.OperationalError:
            if self.closed:
                self._leave_others()
            raise

    def _give_up(self) -> None:
        # Or the statement would go on waiting for its lock, and each attempt leave another one.
        if capabilities.has_cancel_safe():  # without it there is no bound on how long that takes
            self._try_cancel(timeout=CANCEL_SECONDS)
        self.close()

    def _leave_others(self) -> None:
        """Have the pool open connections anew: those that are idle were lost too, and to find that
        out of one after the other would take the pool longer than anybody waits for it."""
        pool = getattr(self, "_pool", None)
        if pool is not None:
            pool.drain()
