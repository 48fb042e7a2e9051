"""Holds rows of the audit log until they are written, up to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from mcpserver.audit.models import Event
from mcpserver.audit.records import CallRow

Row = TypeVar("Row", bound=CallRow | Event)


class BoundedBuffer(Generic[Row]):
    """Holds at most `limit` rows, the oldest first.

    When it is full, new rows are lost: the oldest show how an outage began, and a flood of calls
    cannot push them out.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: list[Row] = []
        self._lost = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows, as far as there is room."""
        room = self._limit - len(self._rows)
        self._rows += rows[:room]
        self._lost += len(rows[room:])

    def take(self) -> list[Row]:
        """Remove and return all rows."""
        taken, self._rows = self._rows, []
        return taken

    def put_back(self, rows: list[Row]) -> None:
        """Put rows that could not be written before those that were added since."""
        newer, self._rows = self._rows, rows
        self.add(newer)

    def take_lost(self) -> int:
        """How many rows were lost since the last time."""
        lost, self._lost = self._lost, 0
        return lost
