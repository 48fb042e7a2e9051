"""Fails calls fast while a host cannot be reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mcpserver.infinity import errors

FAILURES_TO_OPEN = 5
OPEN_SECONDS = 15.0


class Circuit:
    """Opens after five failed connections in a row; then it lets one probe through at a time.

    An answer of any kind closes it: a refused token says nothing about the host.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._probe_at = 0.0
        self._probing = False

    def refuse_if_open(self) -> None:
        """Raises CircuitOpen when no request may be sent now."""
        if self._failures < FAILURES_TO_OPEN:
            return
        if self._probing or self._clock() < self._probe_at:
            raise errors.CircuitOpen(
                "Infinity has not been reachable lately, so nothing was sent. Try again in "
                f"{max(1.0, self._probe_at - self._clock()):.0f} s."
            )

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Notes whether the request that the block sends gets through. Raises CircuitOpen."""
        self.refuse_if_open()
        self._probing = probe = self._failures >= FAILURES_TO_OPEN
        try:
            yield
        except errors.Unreachable:
            self._failures += 1
            self._probe_at = self._clock() + OPEN_SECONDS
            raise
        except errors.InfinityError:
            self._failures = 0
            raise
        else:
            self._failures = 0
        finally:
            self._probing = self._probing and not probe
