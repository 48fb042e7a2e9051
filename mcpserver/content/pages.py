"""Continues lists within Infinity's pages, whose own cursors lead to the ends of pages only."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from mcpserver.infinity import JsonObject

PAGE_SIZE = 100  # the most that Infinity returns at once

Way = Literal["after", "before"]
# Makes, of a page, the page of the first so many records on its way, with a cursor to the next one.
Cut = Callable[[JsonObject, int], JsonObject]


@dataclass(frozen=True)
class Position:
    """A place in a list: how to read a page of Infinity's, and the records in it on both sides.

    `cursor` is Infinity's, None for the first page. `next_id` is the record to go on with and
    `last_id` the one before it on the way; without both the whole page is meant.
    """

    way: Way = "after"
    cursor: str | None = None
    next_id: str | int | None = None
    last_id: str | int | None = None

    @property
    def text(self) -> str:
        """The position as a cursor of this server."""
        parts = [self.way, self.cursor, self.next_id, self.last_id]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Position | None:
        """The position behind a cursor of this server; None for any other, such as Infinity's."""
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:  # neither base64 nor JSON
            return None
        match parts:
            case ["after" | "before" as way, str() | None as cursor, next_id, last_id]:
                if _is_id(next_id) and _is_id(last_id):
                    return cls(way, cursor, next_id, last_id)
        return None

    def index_in(self, records: list[JsonObject], step: int = 1) -> int | None:
        """Where to go on, also when one of the two records is gone; None when both are.

        `step` is 1 on the way from first to last, else -1.
        """
        ids = [id_of(record) for record in records]
        if self.next_id is not None and self.next_id in ids:
            return ids.index(self.next_id)
        if self.last_id is not None and self.last_id in ids:
            return ids.index(self.last_id) + step
        return None

    def rest_of(self, records: list[JsonObject]) -> list[JsonObject]:
        """The records from the next one on, or all when it cannot be found: better twice than
        never."""
        return records[self.index_in(records) or 0 :]


def _is_id(value: Any) -> bool:
    return value is None or type(value) in (str, int)


@dataclass(frozen=True)
class Window:
    """The records of a list that a call asks for: from a position on, in a direction."""

    direction: Way
    start: Position
    limit: int

    @classmethod
    def of(cls, direction: Way, cursor: str | None, limit: int) -> Window:
        """The window of a call; `cursor` is this server's or Infinity's, or None."""
        start = Position.of(cursor) if cursor else None
        return cls(direction, start or Position(direction, cursor or None), limit)

    @property
    def query(self) -> JsonObject:
        """How to ask Infinity for the page that has these records."""
        is_within = self.start.next_id is not None or self.start.last_id is not None
        query: JsonObject = {"limit": PAGE_SIZE if is_within else self.limit}
        if self.start.cursor:
            query[self.start.way] = self.start.cursor
        return query

    def shown(self, page: JsonObject) -> JsonObject:
        """The page without records that were not asked for, and with the cursors that fit."""
        records: list[JsonObject] = page["data"]
        index = self.start.index_in(records, self._step)
        if self.direction == "after":
            first = min(index or 0, len(records))
            last = min(first + self.limit, len(records))
            is_cut = last < len(records)
        else:
            last = len(records) if index is None else index + 1
            first = max(0, last - self.limit)
            is_cut = first > 0
        if (first, last) == (0, len(records)) and self.start.way == self.direction:
            return page
        # Of a page that was read in the other direction, `has_more` speaks of its other end. At
        # this end it has what it was read from.
        same_way = self.start.way == self.direction
        beyond = page["has_more"] if same_way else self.start.cursor is not None
        return {
            **page,
            "has_more": is_cut or bool(beyond),
            "before": self._cursor_at(records, first - 1, -1) or page["before"],
            "after": self._cursor_at(records, last, 1) or page["after"],
            "data": records[first:last],
        }

    def cut(self, page: JsonObject, kept: int) -> JsonObject:
        """A page that was shown, with only the `kept` records that come first on this way.

        Its cursor goes on with the first record that is left out.
        """
        records: list[JsonObject] = page["data"]
        if self.direction == "after":
            place, kept_records = kept, records[:kept]
        else:
            place, kept_records = len(records) - kept - 1, records[len(records) - kept :]
        cursor = self._cursor_at(records, place, self._step)
        return {**page, "has_more": True, self.direction: cursor, "data": kept_records}

    @property
    def _step(self) -> int:
        return 1 if self.direction == "after" else -1

    def _cursor_at(self, records: list[JsonObject], place: int, step: int) -> str | None:
        if not 0 <= place < len(records):
            return None
        last = place - step
        last_id = id_of(records[last]) if 0 <= last < len(records) else None
        return Position(self.start.way, self.start.cursor, id_of(records[place]), last_id).text


def cut_by(cursors: list[str]) -> Cut:
    """How to cut a page whose records have these cursors."""
    return lambda page, kept: {
        **page,
        "has_more": True,
        "after": cursors[kept],
        "data": page["data"][:kept],
    }


def id_of(record: JsonObject) -> Any:
    """The id of a record of a list; rows of values have that of their item."""
    return record.get("id", record.get("item_id"))
