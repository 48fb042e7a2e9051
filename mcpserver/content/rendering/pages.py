"""Holds a page of a list, which can be cut between records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mcpserver.content.pages import Cut, Way
from mcpserver.infinity import JsonObject

_MORE = {"after": "more follow", "before": "more come before these"}


@dataclass(frozen=True)
class Page:
    """`{has_more, before, after, data}`, read in a direction."""

    data: JsonObject
    cut_at: Cut
    direction: Way = "after"

    @property
    def records(self) -> list[Any]:
        """The records, in the order in which Infinity lists them."""
        return list(self.data["data"])

    @property
    def nearest(self) -> list[Any]:
        """The records in the order in which paging reaches them."""
        return self.records if self.direction == "after" else self.records[::-1]

    def cut(self, kept: int) -> Page:
        """The page with only the `kept` records that come first on its way."""
        if kept == len(self.records):
            return self
        return replace(self, data=self.cut_at(self.data, kept))

    @property
    def count(self) -> str:
        """How many records there are, and how to go on if there are more."""
        count = len(self.records)
        return f"{count} record{'' if count == 1 else 's'}{self.going_on}"

    @property
    def going_on(self) -> str:
        """How to go on, if there is more."""
        cursor = self.data.get("has_more") and self.data.get(self.direction)
        return f"; {_MORE[self.direction]} with {self.direction}={cursor}" if cursor else ""


def is_page(data: JsonObject) -> bool:
    """Whether the data of a tool is a page of a list."""
    records = data.get("data")
    return "has_more" in data and isinstance(records, list) and all(map(_is_object, records))


def _is_object(record: Any) -> bool:
    return isinstance(record, dict)
