"""Splits long work in the event loop into short turns, so that other calls get theirs."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter

from anyio.lowlevel import checkpoint

TURN_SECONDS = 0.002
_began: ContextVar[float | None] = ContextVar("began", default=None)


async def give_way() -> None:
    """Let other calls run if this one has worked for longer than a turn.

    To be called in loops that may have thousands of steps; takes less than a microsecond.
    """
    began, now = _began.get(), perf_counter()
    if began is not None and now - began < TURN_SECONDS:
        return
    if began is not None:
        await checkpoint()
    _began.set(perf_counter())
