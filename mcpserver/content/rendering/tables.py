"""Writes records as a table: short texts in columns, long ones indented below their row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

from mcpserver.content.pages import Way
from mcpserver.content.rendering.cells import Row
from mcpserver.content.rendering.lines import (
    cell,
    data_line,
    indented,
    notice_line,
    row_line,
    table_head,
)
from mcpserver.content.rendering.sizes import size_of

# The most characters of each long text, tried in turn until the whole result fits.
CAPS = (None, 16_000, 8_000, 4_000, 2_000, 1_000, 500, 200)
Cap = int | None
LEFT_OUT = notice_line(
    "The rest of this record is left out: infinity_get_item_attribute_value reads single values."
)


@dataclass(frozen=True)
class Written:
    """The first `kept` rows as lines, the header above them; `cap` if it cuts a text of theirs."""

    lines: list[str]
    kept: int
    cap: Cap


class Table:
    """Rows of records under one header, in at most `room` characters.

    What is the same in all rows is said once, above them. What finds no room in the header stands
    below each row, like long texts.
    """

    def __init__(self, rows: list[Row], room: int, direction: Way = "after") -> None:
        self._rows, self._direction = rows, direction
        self._same = self._hoisted(room // 4)
        self._columns = self._headers(room // 4, room // 2)
        self._head = self._header()
        self._room = room - _size(self._head)

    def written(self) -> Written:
        """All rows with the longest texts that fit; else the first rows that fit, at least one."""
        longest = max((len(text) for row in self._rows for text in row.texts.values()), default=0)
        rows: list[list[str]] = []
        cap: Cap = None
        for cap in useful_caps(longest):
            rows = [list(self._row(row, cap)) for row in self._rows]
            if sum(map(_size, rows)) <= self._room:
                return self._kept(rows, len(rows), cap)
        rows = [self._bounded(row) for row in rows]
        nearest = rows if self._direction == "after" else rows[::-1]
        fitting = sum(size <= self._room for size in accumulate(map(_size, nearest)))
        return self._kept(rows, max(1, fitting), cap)

    def _kept(self, rows: list[list[str]], kept: int, cap: Cap) -> Written:
        first = 0 if self._direction == "after" else len(rows) - kept
        part = slice(first, first + kept)
        texts = (text for row in self._rows[part] for text in row.texts.values())
        cuts = any(is_cut(text, cap) for text in texts)
        lines = [*self._head, *chain.from_iterable(rows[part])]
        return Written(lines, kept, cap if cuts else None)

    def _header(self) -> list[str]:
        same = "; ".join(f"{cell(name)}: {cell(text)}" for name, text in self._same.items())
        head = [f"In each row: {same}"] if same else []
        return [*head, *table_head(self._columns)] if self._columns else head

    def _hoisted(self, room: int) -> dict[str, str]:
        """The cells that are the same in all rows."""
        if len(self._rows) < 3:
            return {}
        same: dict[str, str] = {}
        for column, text in self._rows[0].cells.items():
            room -= size_of(column) + size_of(text) + 4
            is_same = all(row.cells.get(column) == text for row in self._rows)
            if is_same and column not in ("id", "item_id") and room >= 0:
                same[column] = text
        return same

    def _headers(self, header: int, row: int) -> list[str]:
        """The first columns for which there is room in the header and in the widest row."""
        headers: list[str] = []
        for column in dict.fromkeys(column for each in self._rows for column in each.cells):
            if column in self._same:
                continue
            header -= size_of(cell(column)) + len(" | ---|")
            row -= max(size_of(each.cells.get(column, "")) for each in self._rows) + len(" | ")
            if headers and min(header, row) < 0:
                break
            headers.append(column)
        return headers

    def _row(self, row: Row, cap: Cap) -> Iterator[str]:
        shown = {*self._columns, *self._same}
        yield row_line(cell(row.cells.get(column, "")) for column in self._columns)
        below = [(name, text) for name, text in row.cells.items() if name not in shown]
        for column, text in [*below, *row.texts.items()]:
            yield from block(column, text, cap, by="  ")

    def _bounded(self, lines: list[str]) -> list[str]:
        """The lines of a row, as far as there is room for them in a table of this one row."""
        if _size(lines) <= self._room - len(LEFT_OUT):
            return lines
        room = self._room - len(LEFT_OUT)
        sizes = accumulate(size_of(line) + 1 for line in lines)
        return [*(line for line, size in zip(lines, sizes, strict=True) if size <= room), LEFT_OUT]


def useful_caps(longest: int) -> list[Cap]:
    """The caps that cut something when the longest text has so many characters."""
    return [cap for cap in CAPS if cap is None or cap < longest]


def _size(lines: Iterable[str]) -> int:
    return sum(size_of(line) + 1 for line in lines)


def is_cut(text: str, cap: Cap) -> bool:
    """Whether `block` cuts a text."""
    return cap is not None and len(text) > cap


def block(name: str, text: str, cap: Cap, by: str = "") -> Iterator[str]:
    """A named text: on the line of its name or, if it has several lines, below it."""
    if is_cut(text, cap):
        text = f"{text[:cap].rstrip()} …"
    if len(text.strip().splitlines()) > 1:
        yield data_line(f"{by}{cell(name)}:")
        yield from indented(text.strip("\n"), f"{by}  ")
    else:
        yield data_line(f"{by}{cell(name)}: {text.strip()}")
