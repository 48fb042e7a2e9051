"""Rows of the audit log until they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from mcpserver.models import Event
from mcpserver.rows import CallRow

Row = TypeVar("Row", bound=CallRow | Event)


class Waiting(Generic[Row]):
    """The rows to write, the oldest first, and of them at most `most`.

    When there are too many, it is the newest that are lost: the oldest tell how it began, and
    nobody can push them out with a flood of calls.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: list[Row] = []
        self._lost = 0

    def add(self, rows: Sequence[Row]) -> None:
        room = self._most - len(self._rows)
        self._rows += rows[:room]
        self._lost += len(rows[room:])

    def take(self) -> list[Row]:
        taken, self._rows = self._rows, []
        return taken

    def put_back(self, rows: list[Row]) -> None:
        newer, self._rows = self._rows, rows
        self.add(newer)

    def take_lost(self) -> int:
        """How many rows were lost since the last time."""
        lost, self._lost = self._lost, 0
        return lost
