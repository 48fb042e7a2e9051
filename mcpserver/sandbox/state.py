"""Holds the state of one sandbox: its data, clock and log of requests."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcpserver.sandbox.data.ids import Ids
from mcpserver.sandbox.rules.faults import Faults
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.rules.rate_limit import RateLimiter
from mcpserver.sandbox.seed import seed

REMEMBERED = 1000
UNKNOWN_TOKEN = "(unknown)"


@dataclass(frozen=True)
class LoggedRequest:
    """A request to the API, as the log keeps it."""

    method: str
    path: str
    query: str
    status: int
    """0 for a request without an answer."""
    token: str
    """A token of the sandbox, or UNKNOWN_TOKEN: a real token, sent by mistake, is not kept."""
    at: float
    """When the answer began, in seconds of the sandbox's clock."""


class RequestLog:
    """Counts every request to the API; remembers the last thousand."""

    def __init__(self) -> None:
        self.total = 0
        self.by_token: Counter[str] = Counter()
        self.recent: deque[LoggedRequest] = deque(maxlen=REMEMBERED)

    def add(self, request: LoggedRequest) -> None:
        """Count a request and remember it."""
        self.total += 1
        self.by_token[request.token] += 1
        self.recent.append(request)


@dataclass(frozen=True)
class Delivery:
    """One call of a hook, as Infinity would send it."""

    hook_id: str
    url: str
    headers: dict[str, str]
    body: Any


Deliver = Callable[[Delivery], Awaitable[bool]]
"""Sends a delivery and returns whether the receiver accepted it. Must not raise."""


class Sandbox:
    """One sandbox, as all of its requests share it."""

    def __init__(
        self, options: Options, clock: Callable[[], float], deliver: Deliver | None
    ) -> None:
        self.options = options
        self.clock = clock
        self.deliver = deliver
        self.signing_key = secrets.token_bytes(32)
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """Restore the seed, with all counters at zero and no fault."""
        self.faults.choose(None)
        self.ids = Ids(seed=20260420)
        self.store = seed(self.ids)
        self.requests = RequestLog()
        self.deliveries: deque[Delivery] = deque(maxlen=REMEMBERED)
        self.limiter = RateLimiter(
            self.options.requests_per_minute, self.clock, headers=self.options.rate_limit_headers
        )

    def now(self) -> datetime:
        """The time in whole seconds, because cursors hold no fractions."""
        return datetime.fromtimestamp(int(self.clock()), UTC)

    def moment(self, time: datetime | None) -> str | None:
        """A time as the API writes it."""
        if time is None:
            return None
        iso = self.options.time_format == "iso"
        return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if iso else "%Y-%m-%d %H:%M:%S")
