"""Counts events that strangers can cause, so that they cannot fill the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event

WINDOW_SECONDS = 60.0
MAX_KEYS = 200  # that are counted apart in one window; all others are counted together


class EventKey(NamedTuple):
    """The fields of an event; events with equal keys are counted together."""

    kind: EventKind
    subject: str = ""
    detail: str = ""
    address: str = ""


class EventCounter:
    """Makes one event per key and window, with a count. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[EventKey, int] = {}
        self._stored_at: dict[EventKey, float] = {}

    def add(self, key: EventKey) -> None:
        """Count one event."""
        if key not in self._counts and key not in self._stored_at and self._is_full:
            key = EventKey(key.kind, detail="Others")
        self._counts[key] = self._counts.get(key, 0) + 1

    @property
    def _is_full(self) -> bool:
        return len(self._counts.keys() | self._stored_at.keys()) >= MAX_KEYS

    def due(self, *, all: bool = False) -> list[Event]:
        """The events to store now: the first of each key at once, the next after its window."""
        now = self._clock()
        self._stored_at = {
            key: at for key, at in self._stored_at.items() if now - at < WINDOW_SECONDS
        }
        due = [key for key in self._counts if all or key not in self._stored_at]
        self._stored_at |= dict.fromkeys(due, now)
        return [Event(**key._asdict(), count=self._counts.pop(key)) for key in due]
