"""The time between SIGTERM and the end: not ready for more, while what comes is still served.

A proxy that asks `/ready` takes this process out meanwhile. Without that pause a request that was
just accepted by the operating system, and not yet by this process, would be lost.
"""

from __future__ import annotations

import asyncio
import signal
from types import FrameType

_is_draining = False


def is_draining() -> bool:
    return _is_draining


def drain_on_sigterm(seconds: float) -> None:
    """To be called on the event loop, once it is uvicorn that handles SIGTERM here."""
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):  # nobody stops this process in an orderly way
        return

    def drain(number: int, frame: FrameType | None) -> None:
        global _is_draining
        if _is_draining:
            stop(number, frame)
            return
        _is_draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, None)

    signal.signal(signal.SIGTERM, drain)
