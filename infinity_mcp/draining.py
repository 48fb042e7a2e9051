"""The time between SIGTERM and the end: not ready for more, while what comes is still served.

A proxy that asks `/ready` takes this process out meanwhile. Without that pause a request that was
just accepted by the operating system, and not yet by this process, would be lost.

A SIGTERM that is repeated changes nothing: workers may get one from whoever stops the whole
group, and another one from their parent. SIGINT is uvicorn's: Ctrl+C ends the pause, and a second
one the calls under way too.
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
    return _is_draining


def has_ended() -> bool:
    """Can calls be served no more, by whatever ended that?"""
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
    """To be called on the event loop, once it is uvicorn that handles SIGTERM here."""
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):  # nobody stops this process in an orderly way
        return

    def drain(number: int, frame: FrameType | None) -> None:
        global _is_draining
        if _is_draining:
            return
        _is_draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, None)

    signal.signal(signal.SIGTERM, drain)


def stop_with_parent() -> None:
    """End this worker when the process that started it is gone, killed before it could tell.

    Nobody would ever end it otherwise, and it holds the port that the next start needs.
    """
    parent = multiprocessing.parent_process()
    if parent is None:  # with WORKERS=1 there are no workers
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="stop-with-parent", daemon=True).start()
