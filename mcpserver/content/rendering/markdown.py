"""Writes data as Markdown within the bound: pages as tables, records as a field a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from mcpserver.content.conversion import Texts
from mcpserver.content.rendering import sizes
from mcpserver.content.rendering.cells import SILENT, Cells
from mcpserver.content.rendering.lines import notice_line
from mcpserver.content.rendering.pages import Page
from mcpserver.content.rendering.pieces import Piece, piece_of
from mcpserver.content.rendering.sizes import size_of
from mcpserver.content.rendering.tables import CAPS, Cap, Table, block, is_cut, useful_caps
from mcpserver.infinity import JsonObject

_RESERVE = 500  # characters, for the lines that count records and tell what is cut
# A row of a value shows its text; `data` says the same in Infinity's form.
_SILENT_BESIDE_TEXT = SILENT | {"data", "text"}


@dataclass(frozen=True)
class Markdown:
    """Writes one result. `notice` is the server's own."""

    cells: Cells
    texts: Texts
    notice: str = ""

    def page(self, page: Page) -> str:
        """A page with all its records, with long texts cut if need be; else with the first that
        fit, and a cursor that goes on with the next one."""
        rows = [self.cells.row(record) for record in page.records]
        table = Table(rows, self._room, page.direction).written()
        count = notice_line(page.cut(table.kept).count)
        return "\n".join([*self._notices(table.cap), count, *table.lines])

    def record(self, record: JsonObject) -> str:
        """A record, with long texts cut if need be."""
        changed = list(self.cells.changes(record))
        parts = {
            "": list(self.cells.fields(record, SILENT)),
            # What a write changed is not said twice.
            "values": [] if changed else list(self.cells.values(record)),
            "changed": changed,
        }
        longest = max((len(text) for pairs in parts.values() for _, text in pairs), default=0)
        for cap in useful_caps(longest):
            lines = [line for part in parts.items() for line in _part_lines(*part, cap)]
            if sum(size_of(line) + 1 for line in lines) <= self._room:
                break
        cuts = any(is_cut(text, cap) for pairs in parts.values() for _, text in pairs)
        # For some changes Infinity's answer is empty, which a model could take for a failure.
        return _within([*self._notices(cap if cuts else None), *(lines or [notice_line("Done.")])])

    def piece(self, record: JsonObject, offset: int) -> str:
        """A record whose text is read from a character on, as far as it fits. Raises WrongValue."""
        text = self.cells.body(record)  # before the notices, which tell how it was read
        fields = list(self.cells.fields(record, _SILENT_BESIDE_TEXT))
        for cap in CAPS:
            head = list(_part_lines("", fields, cap))
            if sum(size_of(line) + 1 for line in head) <= sizes.limit() // 2:
                break
        top = [*self._notices(None), *_first(head, sizes.limit() // 2)]

        def written(piece: Piece) -> str:
            told = [notice_line(piece.told)] if piece.told else []
            return "\n".join([*told, *top, *block("text", piece.text or "(empty)", None)])

        return written(piece_of(text, offset, lambda piece: sizes.fits(written(piece))))

    def lines(self, lines: Iterable[str]) -> str:
        """Lines that are written elsewhere, as far as they fit."""
        written = list(lines)
        return _within([*self._notices(None), *written])

    @property
    def _room(self) -> int:
        notices = sum(size_of(line) + 1 for line in self._notices(None))
        return sizes.limit() - _RESERVE - notices

    def _notices(self, cap: Cap) -> list[str]:
        """The server's lines; `cap` is where long texts were cut, if any were."""
        cut = f"Texts that end with … are cut to {cap} characters{self._reading_on(cap)}."
        told = (self.notice, self.texts.notice, cut if cap else "")
        return [notice_line(text) for text in told if text]

    def _reading_on(self, cap: Cap) -> str:
        """How to read a text to its end, for data that has such texts."""
        if not self.cells.has_readable_texts:
            return ""
        return (
            ": read one to its end with infinity_get_item_attribute_value or infinity_get_comment"
            f" and offset={cap}"
        )


def _part_lines(part: str, pairs: list[tuple[str, str]], cap: Cap) -> Iterator[str]:
    """Named texts, indented below the name of their part if it has one."""
    if pairs and part:
        yield f"{part}:"
    for name, text in pairs:
        yield from block(name, text, cap, "  " if part else "")


def _first(lines: list[str], room: int) -> list[str]:
    """The first lines that fit."""
    sums = accumulate(size_of(line) + 1 for line in lines)
    return [line for line, size in zip(lines, sums, strict=True) if size <= room]


def _within(lines: list[str]) -> str:
    """The lines as one text. What does not fit is left out at the end, and that is said first."""
    text = "\n".join(lines)
    if sizes.fits(text):
        return text
    cut = notice_line("Too much for one result: the end of this is left out.")
    return "\n".join([cut, *_first(lines, sizes.limit() - _RESERVE)])
