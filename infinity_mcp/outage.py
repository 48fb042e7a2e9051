"""Of a server that is asked often, and may be away for a while."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

logger = logging.getLogger(__name__)

# So long it is not asked again: each attempt may take until its timeout.
PAUSE_SECONDS = 1.0


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
