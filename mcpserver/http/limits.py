"""Rate and concurrency limits for /mcp."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.caller import Caller
from infinity_mcp.core.events import EventKind
from infinity_mcp.serving.addresses import network_of
from mcpserver.audit.event_counter import EventKey
from mcpserver.audit.log import AuditLog
from mcpserver.audit.metrics import in_progress
from mcpserver.gateway.pacing import configured_rate
from mcpserver.gateway.token_bucket import Budget, Rate
from mcpserver.http.errors import Refusal

WRONG_KEYS = Rate(per_second=0.5, burst=20)


class CallLimits:
    """Counts requests. Raises Refusal (429 with Retry-After) for those over a limit."""

    def __init__(self, budget: Budget, log: AuditLog) -> None:
        self._budget, self._log = budget, log
        self._rate = configured_rate(settings.MCP_REQUESTS_PER_MINUTE)
        self._running: Counter[str] = Counter()

    async def count_wrong_key(self, address: str) -> None:
        """Limits wrong keys by address. Valid keys from the same address are not affected."""
        wait = await self._budget.take(f"wrong-key:{network_of(address)}", "", WRONG_KEYS)
        if wait:
            raise self._too_many(
                "Too many wrong keys came from this address.", wait, address=address
            )

    async def count_request(self, caller: Caller) -> None:
        """Limits the requests of an MCP user per minute."""
        wait = await self._budget.take(f"user:{caller.user}", "", self._rate)
        if wait:
            limit = settings.MCP_REQUESTS_PER_MINUTE
            text = f"{caller.user} may make {limit} requests a minute."
            raise self._too_many(text, wait, subject=f"MCP user {caller.user}")

    def require_slot(self, caller: Caller) -> None:
        """Limits the requests of an MCP user under way at a time."""
        limit = settings.MCP_CONCURRENT_REQUESTS
        if self._running[caller.user] >= limit:
            text = f"{caller.user} may have {limit} requests under way at a time."
            raise self._too_many(text, 1, subject=f"MCP user {caller.user}")

    @contextmanager
    def slot(self, caller: Caller) -> Iterator[None]:
        """Counts one request as under way while the block runs; call `require_slot` before."""
        self._running[caller.user] += 1
        try:
            with in_progress():
                yield
        finally:
            self._running[caller.user] -= 1
            if not self._running[caller.user]:
                del self._running[caller.user]

    def _too_many(self, reason: str, wait: float, **labels: str) -> Refusal:
        self._log.count(EventKey(EventKind.THROTTLED, detail=reason, **labels))
        seconds = math.ceil(wait)
        return Refusal(429, f"{reason} Try again in {seconds} s.", retry_after=str(seconds))
