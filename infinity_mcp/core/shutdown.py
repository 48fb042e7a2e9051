"""Delays the end after SIGTERM: /ready refuses while requests are still served.

In that time a proxy that asks `/ready` takes this process out. Without the delay a request that the
operating system has accepted, but this process has not, would be lost.

A repeated SIGTERM changes nothing: workers may get one sent to the whole group, and another one
from their parent. uvicorn handles SIGINT: Ctrl+C ends the delay, and a second one also the calls
under way.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_is_draining = _has_ended = False


def is_draining() -> bool:
    """Whether SIGTERM has come; the server still accepts requests for DRAIN_SECONDS."""
    return _is_draining


def has_ended() -> bool:
    """Has this process stopped serving calls?"""
    return _has_ended


@contextmanager
def serving() -> Iterator[None]:
    """Spans the time in which calls can be served."""
    global _has_ended
    try:
        yield
    finally:
        _has_ended = True


def drain_on_sigterm(seconds: float) -> None:
    """Delay the end after SIGTERM by `seconds`. Call it on the event loop, after uvicorn has
    installed its handler."""
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):  # uvicorn has no handler for SIGTERM
        return

    def drain(number: int, frame: FrameType | None) -> None:
        global _is_draining
        if _is_draining:
            return
        _is_draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, None)

    signal.signal(signal.SIGTERM, drain)


def stop_with_parent() -> None:
    """End this worker when its parent process was killed and could not stop it.

    Otherwise it would run for ever and hold the port that the next start needs.
    """
    parent = multiprocessing.parent_process()
    if parent is None:  # with WORKERS=1 there are no workers
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="stop-with-parent", daemon=True).start()
