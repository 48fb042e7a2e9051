"""Django's database from the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function`, which uses the database, in a thread of its own."""

    def call() -> T:
        close_old_connections()  # what Django's own handler does around a request
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    # No longer than this: calls wait long for Infinity.
    async with ThreadSensitiveContext():
        return await sync_to_async(call)()
