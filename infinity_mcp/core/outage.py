"""Remembers that a dependency is down, logs each change once, pauses retries."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import InterfaceError, InternalError, OperationalError

logger = logging.getLogger(__name__)

# A dependency that failed is not tried again for this time, as each attempt may take its timeout.
PAUSE_SECONDS = 1.0
READ_ONLY = "25006"  # PostgreSQL's code; the server may be a standby after a failover


def is_database_away(error: BaseException | None) -> bool:
    """Whether the database is unreachable, busy or read-only: an operator must act, and we wait."""
    return isinstance(error, OperationalError | InterfaceError) or is_read_only(error)


def is_read_only(error: BaseException | None) -> bool:
    """Whether PostgreSQL refused a write because the session or the server is read-only."""
    if not isinstance(error, InternalError):
        return False
    return getattr(error.__cause__, "sqlstate", None) == READ_ONLY


@dataclass
class Outage:
    """Remembers whether `server` is unreachable. `meanwhile` says in the log what happens then."""

    server: str
    meanwhile: str
    _ask_again_at: float = 0.0

    def is_under_way(self) -> bool:
        """Whether the server failed less than PAUSE_SECONDS ago and is not to be asked."""
        return time.monotonic() < self._ask_again_at

    def note_failure(self, error: Exception) -> None:
        """Start the pause or extend it; only the first failure of an outage is logged."""
        if not self._ask_again_at:
            logger.warning("%s did not answer; %s: %s", self.server, self.meanwhile, error)
        self._ask_again_at = time.monotonic() + PAUSE_SECONDS

    def note_answer(self) -> None:
        """End the outage, and log that it is over."""
        if self._ask_again_at:
            logger.warning("%s answers again", self.server)
            self._ask_again_at = 0.0
