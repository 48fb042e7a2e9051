"""Limits requests per minute and token, in fixed windows as Laravel does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mcpserver.sandbox.errors import ApiError

WINDOW_SECONDS = 60


@dataclass
class Window:
    """One token's requests in the current minute."""

    ends: float
    used: int = 0


class RateLimiter:
    """Counts the requests of each token."""

    def __init__(self, limit: int, clock: Callable[[], float], *, headers: bool) -> None:
        self._limit = limit
        self._clock = clock
        self._headers = headers
        self._windows: dict[str, Window] = {}

    def take(self, token: str) -> dict[str, str]:
        """Count one request; the headers of its answer. Raises ApiError 429."""
        window = self._window(token)
        if window.used >= self._limit:
            raise ApiError(429, "Too Many Attempts.", headers=self._refusal(window))
        window.used += 1
        return self._allowance(window)

    def _window(self, token: str) -> Window:
        now = self._clock()
        window = self._windows.get(token)
        if window is None or window.ends <= now:
            window = self._windows[token] = Window(now + WINDOW_SECONDS)
        return window

    def _allowance(self, window: Window) -> dict[str, str]:
        if not self._headers:
            return {}
        remaining = str(self._limit - window.used)
        return {"X-RateLimit-Limit": str(self._limit), "X-RateLimit-Remaining": remaining}

    def _refusal(self, window: Window) -> dict[str, str]:
        if not self._headers:
            return {}
        return self._allowance(window) | {
            "Retry-After": str(math.ceil(window.ends - self._clock())),
            "X-RateLimit-Reset": str(math.ceil(window.ends)),
        }
