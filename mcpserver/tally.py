"""Events that anybody can cause at any rate, counted so that they cannot fill the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from credentials.events import EventKind
from mcpserver.models import Event

WINDOW_SECONDS = 60.0
MOST_SORTS = 200  # counted apart in one window; the others are counted together


class Sort(NamedTuple):
    kind: EventKind
    subject: str = ""
    detail: str = ""
    address: str = ""


class Tally:
    """One event a window for each sort, with how many there were. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[Sort, int] = {}
        self._told: dict[Sort, float] = {}

    def add(self, sort: Sort) -> None:
        if sort not in self._counts and sort not in self._told and self._is_full:
            sort = Sort(sort.kind, detail="Others")
        self._counts[sort] = self._counts.get(sort, 0) + 1

    @property
    def _is_full(self) -> bool:
        return len(self._counts.keys() | self._told.keys()) >= MOST_SORTS

    def due(self, *, all: bool = False) -> list[Event]:
        """The events to store now: the first of each sort at once, the next after its window."""
        now = self._clock()
        self._told = {sort: at for sort, at in self._told.items() if now - at < WINDOW_SECONDS}
        due = [sort for sort in self._counts if all or sort not in self._told]
        self._told |= dict.fromkeys(due, now)
        return [Event(**sort._asdict(), count=self._counts.pop(sort)) for sort in due]
