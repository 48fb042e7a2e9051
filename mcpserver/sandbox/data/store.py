"""Implements the sandbox's database: a table of records per model, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from mcpserver.sandbox.data import models

SORT_STEP = 65_536


class Row(Protocol):
    """A record of any model."""

    @property
    def id(self) -> Any:
        """The key in the table."""

    @property
    def created_at(self) -> datetime:
        """When it was made, with a time zone."""

    @property
    def deleted(self) -> bool:
        """Whether it is archived."""


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """The records of one model, by id."""

    def __init__(self, model: type[R]) -> None:
        self.name = model.__name__
        self.rows: dict[Any, R] = {}

    def add(self, row: R) -> R:
        """Add a row, or replace the one with its id."""
        self.rows[row.id] = row
        return row

    def get(self, key: Any, **matching: Any) -> R | None:
        """The row, archived or not, when its attributes match."""
        row = self.rows.get(key)
        return row if row is not None and _matches(row, matching) else None

    def where(self, **matching: Any) -> list[R]:
        """The rows whose attributes match, archived ones included, in order of creation."""
        return [row for row in self.rows.values() if _matches(row, matching)]


def _matches(row: Row, matching: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in matching.items())


class Store:
    """All tables."""

    def __init__(self) -> None:
        self.users = Table(models.User)
        self.workspaces = Table(models.Workspace)
        self.attachments = Table(models.Attachment)
        self.boards = Table(models.Board)
        self.folders = Table(models.Folder)
        self.attributes = Table(models.Attribute)
        self.items = Table(models.Item)
        self.comments = Table(models.Comment)
        self.views = Table(models.View)
        self.references = Table(models.Reference)
        self.hooks = Table(models.Hook)
        self.time_entries = Table(models.TimeEntry)


class Sorted(Protocol):
    """A record with a position."""

    @property
    def sort_order(self) -> str:
        """The position as a text of digits."""


def next_sort_order(rows: Iterable[Sorted]) -> str:
    """The position after the last of `rows`."""
    last = max((float(row.sort_order) for row in rows), default=0.0)
    return str(int(last) + SORT_STEP)


def subtree(table: Table[models.Folder] | Table[models.Item], root: str) -> set[str]:
    """The ids of a folder or item and of everything below it."""
    below: defaultdict[str | None, list[str]] = defaultdict(list)
    for row in table.rows.values():
        below[row.parent_id].append(row.id)
    found, fresh = {root}, [root]
    while fresh:
        fresh = [id for parent in fresh for id in below.get(parent, ()) if id not in found]
        found.update(fresh)
    return found
