"""Reads a long text piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcpserver.content.errors import WrongValue


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
    whole = Piece(text[offset:], offset, len(text))
    if fits(whole):
        return whole
    low, high = 0, len(text) - offset
    while high - low > 1:
        middle = (low + high) // 2
        if fits(Piece(text[offset : offset + middle], offset, len(text))):
            low = middle
        else:
            high = middle
    end = offset + max(low, 1)
    # At the end of a line if one is near, so that Markdown stays whole.
    line_end = text.rfind("\n", offset + (end - offset) * 3 // 4, end)
    return Piece(text[offset : end if line_end < 0 else line_end + 1], offset, len(text))
