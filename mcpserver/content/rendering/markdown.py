"""Writes data as Markdown within the bound: pages as tables, records as a field a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcpserver.content.conversion import Texts
from mcpserver.content.rendering import sizes
from mcpserver.content.rendering.cells import SILENT, Cells
from mcpserver.content.rendering.lines import notice_line
from mcpserver.content.rendering.pages import Page
from mcpserver.content.rendering.pieces import Piece, piece_of
from mcpserver.content.rendering.sizes import size_of
from mcpserver.content.rendering.tables import CAPS, Cap, Table, block, is_cut
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
        table = Table([self.cells.row(record) for record in page.records], page.direction)
        head = sum(size_of(line) + 1 for line in table.head)
        kept, cap = table.fitting(self._room - head)
        top = self._notices(cap if table.cuts(kept, cap) else None)
        return _within([*top, notice_line(page.cut(kept).count), *table.lines(kept, cap)])

    def record(self, record: JsonObject) -> str:
        """A record, with long texts cut if need be."""
        fields = list(self.cells.fields(record))
        parts = {
            "values": list(self.cells.values(record)),
            "changed": list(self.cells.changes(record)),
        }
        for cap in CAPS:
            lines = [line for name, text in fields for line in block(name, text, cap)]
            for part, pairs in parts.items():
                lines += [f"{part}:"] if pairs else []
                lines += [line for name, text in pairs for line in block(name, text, cap, "  ")]
            if sum(size_of(line) + 1 for line in lines) <= self._room:
                break
        cuts = any(is_cut(text, cap) for pairs in (fields, *parts.values()) for _, text in pairs)
        # For some changes Infinity's answer is empty, which a model could take for a failure.
        return _within([*self._notices(cap if cuts else None), *(lines or [notice_line("Done.")])])

    def piece(self, record: JsonObject, offset: int) -> str:
        """A record whose text is read from a character on, as far as it fits. Raises WrongValue."""
        text = dict(self.cells.fields(record)).get("text", "")
        fields = self.cells.fields(record, _SILENT_BESIDE_TEXT)
        head = [line for name, text in fields for line in block(name, text, None)]

        def written(piece: Piece) -> str:
            told = [notice_line(piece.told)] if piece.told else []
            lines = [
                *self._notices(None),
                *told,
                *head,
                *block("text", piece.text or "(empty)", None),
            ]
            return "\n".join(lines)

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
        cut = (
            f"Texts that end with … are cut to {cap} characters: read one to its end with "
            f"infinity_get_item_attribute_value or infinity_get_comment and offset={cap}."
        )
        told = (self.notice, self.texts.notice, cut if cap else "")
        return [notice_line(text) for text in told if text]


def _within(lines: list[str]) -> str:
    """The lines as one text. What does not fit is left out at the end, and that is said first."""
    text = "\n".join(lines)
    if sizes.fits(text):
        return text
    room = sizes.limit() - _RESERVE
    kept = [notice_line("Too much for one result: the end of this is left out.")]
    for line in lines:
        room -= size_of(line) + 1
        if room < 0:
            if line is lines[0] or len(kept) == 1:
                kept.append(line[: sizes.limit() // 2])
            break
        kept.append(line)
    return "\n".join(kept)
