"""Cuts lists into pages: cursors, sorting, limits."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from mcpserver.sandbox.data.store import Row
from mcpserver.sandbox.errors import ApiError
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.rules.validation import Field, choice, fault, invalid, string, validate

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
CURSOR_TIME = "%Y-%m-%d %H:%M:%S"

R = TypeVar("R", bound=Row)
Key = tuple[Any, Any]


@dataclass(frozen=True)
class Page(Generic[R]):
    """A page of rows."""

    rows: list[R]
    has_more: bool
    before: str | None
    after: str | None

    async def written(self, render: Callable[[R], Any]) -> AsyncIterator[str]:
        """Yields the page as JSON, row by row: it may be large, and other calls run in between."""
        envelope = {"has_more": self.has_more, "before": self.before, "after": self.after}
        yield f'{_json(envelope)[:-1]},"data":['
        for number, row in enumerate(self.rows):
            await asyncio.sleep(0)
            yield ("," if number else "") + _json(render(row))
        yield "]}"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True)
class Order:
    """The order of a list, which cursors encode."""

    column: str
    descending: bool
    id_type: Callable[[str], Any]

    def key(self, row: Row) -> Key:
        """The values that rows are sorted by; the id decides between equal ones."""
        return (row.created_at if self.column == "created_at" else row.id, row.id)

    def encode(self, row: Row) -> str:
        """Base64 of "<id>,<value of the sort column>"."""
        value = row.created_at.strftime(CURSOR_TIME) if self.column == "created_at" else row.id
        return base64.b64encode(f"{row.id},{value}".encode()).decode()

    def decode(self, cursor: str) -> Key:
        """The key in a cursor. Raises ApiError (400) for other texts."""
        try:
            text = base64.b64decode(cursor, validate=True).decode()
            identity, separator, value = text.partition(",")
            if separator and self.column == "created_at":
                time = datetime.strptime(value, CURSOR_TIME).replace(tzinfo=UTC)
                return (time, self.id_type(identity))
            if separator and value == identity:
                return (self.id_type(value), self.id_type(identity))
        except ValueError:
            pass
        raise ApiError(400, "The cursor is invalid.")

    def follows(self, one: Key, other: Key) -> bool:
        """Whether `one` comes after `other` in this order."""
        return one < other if self.descending else one > other


def paginate(
    rows: Iterable[R],
    query: Mapping[str, str],
    options: Options,
    id_type: Callable[[str], Any] = str,
) -> Page[R]:
    """The requested page. Raises Invalid, or ApiError 400 for a bad cursor."""
    parameters = _parameters(query, options)
    limit: int = parameters.get("limit", DEFAULT_LIMIT)
    descending = parameters.get("sort_direction") == "desc"
    order = Order(parameters.get("sort_by", "id"), descending, id_type)
    ordered = sorted(rows, key=order.key, reverse=descending)
    if "before" in parameters:
        end = order.decode(parameters["before"])
        ordered = [row for row in ordered if order.follows(end, order.key(row))]
        return _page(ordered[-limit:], len(ordered) > limit, order)
    if "after" in parameters:
        start = order.decode(parameters["after"])
        ordered = [row for row in ordered if order.follows(order.key(row), start)]
    return _page(ordered[:limit], len(ordered) > limit, order)


def _page(rows: list[R], has_more: bool, order: Order) -> Page[R]:
    # Both cursors are filled on every page that has rows, the last one included.
    before, after = (order.encode(rows[0]), order.encode(rows[-1])) if rows else (None, None)
    return Page(rows, has_more, before, after)


def _parameters(query: Mapping[str, str], options: Options) -> dict[str, Any]:
    fields = {
        "limit": Field(lambda value: _limit(value, options)),
        "sort_by": Field(choice(("id", "created_at"))),
        "sort_direction": Field(choice(("asc", "desc"))),
        "after": Field(string),
        "before": Field(string),
    }
    parameters = validate(fields, query)
    if "after" in parameters and "before" in parameters:
        raise invalid(("before", "The {field} field prohibits after from being present."))
    return parameters


def _limit(text: str, options: Options) -> int:
    if not (text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 10):
        raise fault("The {field} field must be an integer.")
    limit = int(text)
    if options.limit_out_of_range == "clamp":
        return min(max(limit, 1), MAX_LIMIT)
    if limit < 1:
        raise fault("The {field} field must be at least 1.")
    if limit > MAX_LIMIT:
        raise fault(f"The {{field}} field must not be greater than {MAX_LIMIT}.")
    return limit
