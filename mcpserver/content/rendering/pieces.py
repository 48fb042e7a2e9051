"""Reads a long text piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcpserver.content.errors import WrongValue
from mcpserver.content.rendering import sizes


@dataclass(frozen=True)
class Piece:
    """A part of a text; `start` and `end` count characters of the `total`."""

    text: str
    start: int
    total: int

    @property
    def end(self) -> int:
        """Where the next piece begins."""
        return self.start + len(self.text)

    @property
    def told(self) -> str:
        """Which part it is and how to go on; "" for a whole text."""
        if len(self.text) == self.total:
            return ""
        part = f"Characters {self.start + 1:,} to {self.end:,} of {self.total:,}"
        rest = f"go on with offset={self.end}" if self.end < self.total else "the end of the text"
        return f"{part}: {rest}"


def piece_of(text: str, offset: int, fits: Callable[[Piece], bool]) -> Piece:
    """The longest piece from `offset` on that fits. Raises WrongValue for an offset beyond."""
    if offset and offset >= len(text):
        raise WrongValue(f"offset: the text has only {len(text):,} characters.")

    def piece(length: int) -> Piece:
        return Piece(text[offset : offset + length], offset, len(text))

    most = min(len(text) - offset, sizes.limit())
    if most == len(text) - offset and fits(piece(most)):
        return piece(most)
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(piece(middle)) else (low, middle)
    # At the end of a line if one is near, so that Markdown stays whole.
    line_end = text.rfind("\n", offset + low * 3 // 4, offset + low)
    return piece(low if line_end < 0 else line_end + 1 - offset)
