"""Decides whether a request may be sent again, and when."""

from __future__ import annotations

import random

from mcpserver.infinity import errors

MAX_ATTEMPTS = 4
FIRST_DELAY = 0.5
MAX_DELAY = 8.0


def may_repeat(method: str, attempt: int, error: errors.InfinityError) -> bool:
    """Whether `attempt` (2 is the second) is safe: nothing was sent, or it is a read.

    A write is sent once: afterwards it is unknown whether it took effect.
    """
    if attempt > MAX_ATTEMPTS or isinstance(error, errors.CircuitOpen):
        return False
    if isinstance(error, errors.Unreachable):
        return True
    passing = (errors.RateLimited, errors.UpstreamFailure, errors.ConnectionLost)
    return method == "GET" and isinstance(error, passing)


def delay_before(attempt: int, error: errors.InfinityError) -> float:
    """Seconds before `attempt` (2 is the second): growing, and at least what Infinity asks for.

    Randomness keeps calls that failed together from being repeated together.
    """
    ceiling = min(MAX_DELAY, FIRST_DELAY * 2.0 ** (attempt - 2))
    requested = error.retry_after if isinstance(error, errors.Refused) else None
    return max(requested or 0.0, ceiling * random.uniform(0.5, 1.0))
