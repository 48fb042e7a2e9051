"""Measures the lag of the event loop.

A timer is set every 50 ms. The delay with which it fires is what a request would have waited. The
part of it that the loop's own thread computed is measured apart: the rest is due to other threads
and processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcpserver.audit.metrics import note_lag

INTERVAL = 0.05  # 20 turns a second take 0.1 % of a core


class LoopMonitor:
    """Measures the running loop until `stop`, in its own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start_interval()

    def _start_interval(self) -> None:
        self._computed = time.thread_time()
        self._due = time.monotonic() + INTERVAL  # uvloop's own time stands still during a turn
        self._timer = self._loop.call_later(INTERVAL, self._note)

    def _note(self) -> None:
        lag = max(0.0, time.monotonic() - self._due)
        note_lag(lag, min(lag, time.thread_time() - self._computed))
        self._start_interval()

    def stop(self) -> None:
        """End the measurement."""
        self._timer.cancel()


@asynccontextmanager
async def monitored() -> AsyncIterator[None]:
    """Measures the running event loop while the block runs."""
    monitor = LoopMonitor()
    try:
        yield
    finally:
        monitor.stop()
