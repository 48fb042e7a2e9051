"""Writes records as a table: short texts in columns, long ones indented below their row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from mcpserver.content.pages import Way
from mcpserver.content.rendering.cells import Row
from mcpserver.content.rendering.lines import cell, data_line, indented, one_line, row_line
from mcpserver.content.rendering.sizes import size_of

# The most characters of each long text, tried in turn until the whole result fits.
CAPS = (None, 16_000, 8_000, 4_000, 2_000, 1_000, 500, 200)
Cap = int | None


class Table:
    """Rows of records under one header. What is the same in all rows is said once, above it."""

    def __init__(self, rows: list[Row], direction: Way = "after") -> None:
        self.rows, self._direction = rows, direction
        self._columns = dict.fromkeys(column for row in rows for column in row.cells)

    @cached_property
    def _same(self) -> dict[str, str]:
        if len(self.rows) < 3:
            return {}
        return {
            column: text
            for column, text in self.rows[0].cells.items()
            if column not in ("id", "item_id")
            and all(row.cells.get(column) == text for row in self.rows)
        }

    @cached_property
    def head(self) -> list[str]:
        """The lines above the rows."""
        columns = [cell(column) for column in self._columns if column not in self._same]
        same = "; ".join(f"{cell(name)}: {cell(text)}" for name, text in self._same.items())
        head = [f"In each row: {same}"] if same else []
        return [*head, row_line(columns), "|".join("---" for _ in columns)] if columns else head

    def fitting(self, room: int) -> tuple[int, Cap]:
        """How many rows fit, at least one, and the most characters of their long texts."""
        for cap in CAPS:
            sizes = [self._size(row, cap) for row in self.rows]
            if sum(sizes) <= room:
                return len(self.rows), cap
        kept = 0
        for size in sizes if self._direction == "after" else reversed(sizes):
            room -= size
            if room < 0 and kept:
                break
            kept += 1
        return kept, CAPS[-1]

    def lines(self, kept: int, cap: Cap) -> Iterator[str]:
        """The header and the first `kept` rows on the way of the list."""
        yield from self.head
        for row in self._kept(kept):
            yield from self._row(row, cap)

    def cuts(self, kept: int, cap: Cap) -> bool:
        """Whether a text of these rows is cut."""
        return any(is_cut(text, cap) for row in self._kept(kept) for text in row.texts.values())

    def _kept(self, kept: int) -> list[Row]:
        first = 0 if self._direction == "after" else len(self.rows) - kept
        return self.rows[first : first + kept]

    def _row(self, row: Row, cap: Cap) -> Iterator[str]:
        columns = (column for column in self._columns if column not in self._same)
        yield row_line(cell(row.cells.get(column, "")) for column in columns)
        for column, text in row.texts.items():
            yield from block(column, text, cap, by="  ")

    def _size(self, row: Row, cap: Cap) -> int:
        return sum(size_of(line) + 1 for line in self._row(row, cap))


def is_cut(text: str, cap: Cap) -> bool:
    """Whether `block` cuts a text."""
    return cap is not None and len(text) > cap


def block(name: str, text: str, cap: Cap, by: str = "") -> Iterator[str]:
    """A named text: on the line of its name or, if it has several lines, below it."""
    if is_cut(text, cap):
        text = f"{text[:cap].rstrip()} …"
    if "\n" in text.strip():
        yield data_line(f"{by}{cell(name)}:")
        yield from indented(text.strip("\n"), f"{by}  ")
    else:
        yield data_line(f"{by}{cell(name)}: {one_line(text)}")
