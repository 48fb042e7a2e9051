"""Reads the parts of one answer together, and bounds what it lists of them.

A part that Infinity does not give is missing from the answer, and a notice says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from anyio import create_task_group

from mcpserver.content import notices
from mcpserver.content.turns import give_way
from mcpserver.infinity import InfinityError, JsonObject
from mcpserver.infinity.errors import Forbidden, Refused

MAX_NAME = 200  # characters that are shown
MAX_REASON = 120

T = TypeVar("T")


class Overview(JsonObject):
    """What this server put together; a record of Infinity's never is one, whatever it says."""


@dataclass
class Part(Generic[T]):
    """One part of an answer: what was read of it, and the error that ended the reading."""

    value: T
    error: InfinityError | None = None

    async def read(self, reading: Awaitable[T]) -> None:
        """Keep what `reading` returns, or its error."""
        try:
            self.value = await reading
        except InfinityError as error:
            self.error = error


async def collected(part: Part[list[T]], records: AsyncIterator[T]) -> None:
    """Keep the records of a list; after an error, those before it."""
    try:
        async for record in records:
            await give_way()
            part.value.append(record)
    except InfinityError as error:
        part.error = error


async def together(*readings: Awaitable[None]) -> None:
    """Read at the same time, as far as the client's pacing allows."""

    async def read(reading: Awaitable[None]) -> None:
        await reading

    async with create_task_group() as group:
        for reading in readings:
            group.start_soon(read, reading)


def note_missing(what: str, part: Part[Any], advice: str, *, begun: int = 0) -> None:
    """Say that a part is missing, or all after the first `begun` records, if it had an error."""
    if part.error is None:
        return
    missing = f"Only the first {begun:,} {what} were read" if begun else f"Missing: {what}"
    notices.add(f"{missing} ({_reason(part.error)}). {advice}")


def _reason(error: InfinityError) -> str:
    """Why, in the server's own words."""
    match error:
        case Forbidden():
            return "the profile's Infinity user may not read them: 403"
        case Refused():
            return f"Infinity answered {error.status}"
    return str(error).partition(". ")[0].rstrip(".")[:MAX_REASON]


def name_of(record: Mapping[str, Any], key: str = "name") -> str:
    """The name of a record on one line and of bounded length; "" without one."""
    name = record.get(key)
    if not isinstance(name, str | int | float):
        return ""
    return clipped(" ".join(str(name)[: 4 * MAX_NAME].split()), MAX_NAME)


def clipped(text: str, characters: int) -> str:
    """The text, cut if it is longer."""
    return text if len(text) <= characters else f"{text[:characters]}…"


def size_of(data: Any) -> int:
    """The bytes of data as JSON."""
    return len(orjson.dumps(data))


def filled(record: JsonObject) -> JsonObject:
    """The record without what is empty; 0 and false are not."""
    return {key: value for key, value in record.items() if value or isinstance(value, int | float)}


def fit(parts: Mapping[str, list[JsonObject]], size: int, weights: Mapping[str, int]) -> None:
    """Cut lists at their ends until their JSON has at most `size` bytes, always the one that is
    largest for its weight, 1 unless given."""
    sizes = {name: [size_of(row) + 1 for row in rows] for name, rows in parts.items()}
    while sum(map(sum, sizes.values())) > size:
        largest = max(sizes, key=lambda name: sum(sizes[name]) / weights.get(name, 1))
        kept = len(sizes[largest]) * 15 // 16
        del sizes[largest][kept:], parts[largest][kept:]
