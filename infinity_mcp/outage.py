"""Of a server that is asked often, and may be away for a while."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import InterfaceError, InternalError, OperationalError

logger = logging.getLogger(__name__)

# So long it is not asked again: each attempt may take until its timeout.
PAUSE_SECONDS = 1.0
READ_ONLY = "25006"  # PostgreSQL's code; after a failover it may be a copy of the other's


def is_database_away(error: BaseException | None) -> bool:
    """Whether it is away, busy, or takes no changes: all that an operator sees to, and we wait."""
    return isinstance(error, OperationalError | InterfaceError) or is_read_only(error)


def is_read_only(error: BaseException | None) -> bool:
    if not isinstance(error, InternalError):
        return False
    return getattr(error.__cause__, "sqlstate", None) == READ_ONLY


@dataclass
class Outage:
    """Whether `server` is away. `meanwhile` says in the log what that means."""

    server: str
    meanwhile: str
    _ask_again_at: float = 0.0

    def is_under_way(self) -> bool:
        return time.monotonic() < self._ask_again_at

    def note_failure(self, error: Exception) -> None:
        if not self._ask_again_at:
            logger.warning("%s did not answer; %s: %s", self.server, self.meanwhile, error)
        self._ask_again_at = time.monotonic() + PAUSE_SECONDS

    def note_answer(self) -> None:
        if self._ask_again_at:
            logger.warning("%s answers again", self.server)
            self._ask_again_at = 0.0
