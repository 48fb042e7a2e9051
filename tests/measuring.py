"""What work takes, however busy the machine is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

from mcpserver.content import turns


def thread_seconds(work: Callable[[], Any]) -> float:
    """What it takes of this thread; other programs do not count."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def turns_given(work: Callable[[], Awaitable[Any]]) -> int:
    """How often other calls could run during `work`, were the longest turn none at all."""

    async def counted() -> int:
        given, task = 0, asyncio.ensure_future(work())
        while not task.done():
            await asyncio.sleep(0)
            given += 1
        await task
        return given

    with patch.object(turns, "TURN_SECONDS", 0):
        return asyncio.run(counted())
