"""Writes records as a table: short texts in columns, long ones indented below their row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpserver.content.pages import Way
from mcpserver.content.rendering.cells import Row
from mcpserver.content.rendering.lines import cell, data_line, indented, notice_line, row_line
from mcpserver.content.rendering.sizes import size_of

# The most characters of each long text, tried in turn until the whole result fits.
CAPS = (None, 16_000, 8_000, 4_000, 2_000, 1_000, 500, 200)
Cap = int | None
LEFT_OUT = notice_line(
    "The rest of this record is left out: infinity_get_item_attribute_value reads single values."
)


class Table:
    """Rows of records under one header, in at most `room` characters.

    What is the same in all rows is said once, above them. What finds no room in the header stands
    below each row, like long texts.
    """

    def __init__(self, rows: list[Row], room: int, direction: Way = "after") -> None:
        self._all_rows, self._direction = rows, direction
        self._same = self._hoisted(room // 4)
        self._columns = self._headers(room // 4, room // 2)
        self._room = room - sum(size_of(line) + 1 for line in self.head)

    @property
    def head(self) -> list[str]:
        """The lines above the rows."""
        same = "; ".join(f"{cell(name)}: {cell(text)}" for name, text in self._same.items())
        head = [f"In each row: {same}"] if same else []
        if not self._columns:
            return head
        rule = "|".join("---" for _ in self._columns)
        return [*head, row_line(map(cell, self._columns)), rule]

    def fitting(self) -> tuple[int, Cap]:
        """How many rows fit, at least one, and the most characters of their long texts."""
        if not self._all_rows:
            return 0, None
        longest = max(
            (len(text) for row in self._all_rows for text in row.texts.values()), default=0
        )
        for cap in useful_caps(longest):
            if sum(_size(self._whole_row(row, cap)) for row in self._all_rows) <= self._room:
                return len(self._all_rows), cap
        kept, left = 0, self._room
        sizes = [_size(self._row(row, cap)) for row in self._all_rows]
        for size in sizes if self._direction == "after" else reversed(sizes):
            left -= size
            if left < 0 and kept:
                break
            kept += 1
        return kept, cap

    def lines(self, kept: int, cap: Cap) -> Iterator[str]:
        """The header and the first `kept` rows on the way of the list."""
        yield from self.head
        for row in self._kept(kept):
            yield from self._row(row, cap)

    def cuts(self, kept: int, cap: Cap) -> bool:
        """Whether a text of these rows is cut."""
        return any(is_cut(text, cap) for row in self._kept(kept) for text in row.texts.values())

    def _kept(self, kept: int) -> list[Row]:
        first = 0 if self._direction == "after" else len(self._all_rows) - kept
        return self._all_rows[first : first + kept]

    def _hoisted(self, room: int) -> dict[str, str]:
        """The cells that are the same in all rows."""
        if len(self._all_rows) < 3:
            return {}
        same: dict[str, str] = {}
        for column, text in self._all_rows[0].cells.items():
            room -= size_of(column) + size_of(text) + 4
            is_same = all(row.cells.get(column) == text for row in self._all_rows)
            if is_same and column not in ("id", "item_id") and room >= 0:
                same[column] = text
        return same

    def _headers(self, header: int, row: int) -> list[str]:
        """The first columns for which there is room in the header and in the widest row."""
        headers: list[str] = []
        for column in dict.fromkeys(column for each in self._all_rows for column in each.cells):
            if column in self._same:
                continue
            header -= size_of(cell(column)) + len(" | ---|")
            row -= max(size_of(each.cells.get(column, "")) for each in self._all_rows) + len(" | ")
            if headers and min(header, row) < 0:
                break
            headers.append(column)
        return headers

    def _row(self, row: Row, cap: Cap) -> Iterator[str]:
        """The lines of a row, as far as there is room for them in a table of this one row."""
        left = self._room - len(LEFT_OUT)
        for line in self._whole_row(row, cap):
            left -= size_of(line) + 1
            if left < 0:
                yield LEFT_OUT
                return
            yield line

    def _whole_row(self, row: Row, cap: Cap) -> Iterator[str]:
        shown = {*self._columns, *self._same}
        yield row_line(cell(row.cells.get(column, "")) for column in self._columns)
        for column, text in row.cells.items():
            if column not in shown:
                yield from block(column, text, cap, by="  ")
        for column, text in row.texts.items():
            yield from block(column, text, cap, by="  ")


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
