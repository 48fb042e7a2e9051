"""When a request may be sent again, and how long to wait before it."""

from __future__ import annotations

import random

from mcpserver.infinity import errors

MAX_ATTEMPTS = 4
FIRST_DELAY = 0.5
MAX_DELAY = 8.0


def may_repeat(method: str, attempt: int, error: errors.InfinityError) -> bool:
    """Whether `attempt` (the second is 2) is safe: nothing was sent, or it was a read.

    A write goes out once: after it was sent nobody here knows whether it took effect.
    """
    if attempt > MAX_ATTEMPTS or isinstance(error, errors.CircuitOpen):
        return False
    if isinstance(error, errors.Unreachable):
        return True
    passing = (errors.RateLimited, errors.UpstreamFailure, errors.ConnectionLost)
    return method == "GET" and isinstance(error, passing)


def delay_before(attempt: int, error: errors.InfinityError) -> float:
    """Seconds before `attempt` (the second is 2): growing, never less than Infinity asked for.

    Randomness keeps callers that failed together from coming back together.
    """
    ceiling = min(MAX_DELAY, FIRST_DELAY * 2.0 ** (attempt - 2))
    asked = error.retry_after if isinstance(error, errors.Refused) else None
    return max(asked or 0.0, ceiling * random.uniform(0.5, 1.0))
