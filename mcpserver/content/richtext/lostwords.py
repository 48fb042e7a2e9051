"""Finds words and cells of tables that Markdown drops from a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import unquote

from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.expansion import rows_of
from mcpserver.content.richtext.textmarks import CELL_MARK, LABEL, PREFIX, unhidden

_WORD = re.compile(r"[^\W_]+")
_CELL = re.compile(f"{CELL_MARK}([0-9]+){CELL_MARK}")
_REFERENCE = re.compile(rf"(?<=\]){LABEL}")
_NO_WORDS = re.compile(rf"{PREFIX}(?:{LABEL}(?=:))?", re.MULTILINE)
_STORED_TAG = re.compile(r"""<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>""")


def loses_words(text: str, html: str) -> bool:
    """Whether a word of `text`, which has no tags, occurs less often in its HTML.

    Numbers of lists, labels of links and words that touch an entity do not count.
    """
    bare = _NO_WORDS.sub(" ", _REFERENCE.sub(" ", text))
    words = Counter(_WORD.findall(bare)) & Counter(_WORD.findall(unescape(bare)))
    shown = _shown(html)
    return bool(words - (Counter(_WORD.findall(shown)) | Counter(_WORD.findall(unquote(shown)))))


def refuse_lost_cells(source: str, render: Callable[[str], str]) -> None:
    """Raises WrongValue for a row with more cells than its head, which Markdown drops.

    Which lines are rows is known only after parsing: so each cell that may be lost gets a mark, and
    the result of `render` shows whether the mark is lost.
    """
    parts: list[str] = []
    cells: list[str] = []
    done = 0
    for start, cell in _extra_cells(source):
        parts += [source[done:start], f"{CELL_MARK}{len(cells)}{CELL_MARK}"]
        cells.append(cell)
        done = start
    if not cells:
        return
    kept = set(_CELL.findall(unquote(render("".join([*parts, source[done:]])))))
    for number, cell in enumerate(cells):
        if str(number) not in kept:
            raise WrongValue(
                f"a row of a table has more cells than its head, which would lose {cell[:40]!r}: "
                "give both as many cells"
            )


def _extra_cells(source: str) -> Iterator[tuple[int, str]]:
    """The cells that may have no column: where each begins, and its content."""
    for row in rows_of(source):
        if row.is_rule or len(row.cells) <= row.fewest:
            continue
        start = row.start + sum(len(cell) + 1 for cell in row.cells[: row.fewest])
        for cell in row.cells[row.fewest :]:
            end = start + len(cell)
            if cell.strip():
                yield start, unhidden(source[start:end]).strip()
            start = end + 1


def _shown(html: str) -> str:
    """The text of stored HTML, with the values of its attributes."""
    return unescape(_STORED_TAG.sub(_values, html))


def _values(tag: re.Match[str]) -> str:
    return " ".join(["", *tag[0].split('"')[1::2], ""])
