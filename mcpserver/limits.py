"""So that no runaway agent starves the others, and no guesser of keys is served at full speed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.addresses import network_of
from accounts.caller import Caller
from credentials.events import EventKind
from mcpserver.audit import AuditLog
from mcpserver.budget import Budget, Rate
from mcpserver.metrics import in_progress
from mcpserver.pacing import configured_rate
from mcpserver.refusal import Refusal
from mcpserver.tally import Sort

WRONG_KEYS = Rate(per_second=0.5, burst=20)


class CallLimits:
    """Raises Refusal (429 with Retry-After) for what is over a limit."""

    def __init__(self, budget: Budget, log: AuditLog) -> None:
        self._budget, self._log = budget, log
        self._rate = configured_rate(settings.MCP_REQUESTS_PER_MINUTE)
        self._running: Counter[str] = Counter()

    async def count_wrong_key(self, address: str) -> None:
        """A valid key from the same address is never asked about here."""
        wait = await self._budget.take(f"wrong-key:{network_of(address)}", "", WRONG_KEYS)
        if wait:
            raise self._too_many(
                "Too many wrong keys came from this address.", wait, address=address
            )

    async def count_request(self, caller: Caller) -> None:
        wait = await self._budget.take(f"user:{caller.user}", "", self._rate)
        if wait:
            limit = settings.MCP_REQUESTS_PER_MINUTE
            text = f"{caller.user} may make {limit} requests a minute."
            raise self._too_many(text, wait, subject=f"MCP user {caller.user}")

    def require_slot(self, caller: Caller) -> None:
        limit = settings.MCP_CONCURRENT_REQUESTS
        if self._running[caller.user] >= limit:
            text = f"{caller.user} may have {limit} requests under way at a time."
            raise self._too_many(text, 1, subject=f"MCP user {caller.user}")

    @contextmanager
    def slot(self, caller: Caller) -> Iterator[None]:
        """Spans one request, for which there must be one."""
        self._running[caller.user] += 1
        try:
            with in_progress():
                yield
        finally:
            self._running[caller.user] -= 1
            if not self._running[caller.user]:
                del self._running[caller.user]

    def _too_many(self, reason: str, wait: float, **of_whom: str) -> Refusal:
        self._log.count(Sort(EventKind.THROTTLED, detail=reason, **of_whom))
        seconds = math.ceil(wait)
        return Refusal(429, f"{reason} Try again in {seconds} s.", retry_after=str(seconds))
