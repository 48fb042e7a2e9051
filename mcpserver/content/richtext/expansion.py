"""Refuses Markdown whose conversion would take long or produce far more text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mcpserver.content.richtext.htmltags import TooComplex

MAX_COLUMNS = 500  # the time for a table grows with their square
MAX_MISSING_CELLS = 10_000
MAX_DEEP_LINES = 400_000  # levels times lines

BLANKS = " \t\v\f"
_BEFORE_ROW = f"{BLANKS}>"
_TABLE_RULE = re.compile(r"[ \t\v\f>*+\d.)|:-]*+")
_LIST = re.compile(r"[*+-](?=\s)|\d{1,9}[.)](?=\s)")
# Marks of lists and quotes at the start of a line, unless the line is a rule such as `- - -`.
_OPENING = re.compile(
    rf"^(?![ \t]*+(?:(?:-[ \t]*+)++|(?:\*[ \t]*+)++)$)(?:[ \t]*+(?:>|{_LIST.pattern}))++",
    re.MULTILINE,
)
_COLUMNS_OF_LEVEL = 2  # the least that a level is indented
_WORK_OF_LIST = 20  # a list takes as long as this many lines


class Row(NamedTuple):
    """A line that may be a row of a table, and how many columns the table may have."""

    start: int  # where the first cell begins in the text; a bar precedes each further cell
    cells: list[str]
    fewest: int
    most: int
    is_rule: bool


def refuse_expansion(text: str) -> None:
    """Raises TooComplex before anything is converted.

    In code such a text would be harmless, but what is code is known only after parsing.
    """
    _refuse_deep_lines(text)
    missing = 0
    for row in rows_of(text):
        if row.most > MAX_COLUMNS:
            raise TooComplex(f"a table of more than {MAX_COLUMNS} columns: split it")
        missing += max(0, row.most - len(row.cells))  # Markdown adds the missing cells
    if missing > MAX_MISSING_CELLS:
        raise TooComplex(
            f"rows of tables that lack {missing:,} cells, more than {MAX_MISSING_CELLS:,}: give "
            "each row its cells, and put a blank line after a table"
        )


def rows_of(text: str) -> Iterator[Row]:
    """The lines that may be rows: in each part without blank lines, all from the first rule of a
    table on. A table may end earlier, which is known only after parsing."""
    if "|" not in text:
        return
    fewest = most = end = 0
    for line in text.split("\n"):
        start, end = end, end + len(line) + 1
        if not line.strip(" \t>"):
            fewest = most = 0  # a blank line ends every table
            continue
        is_rule = "|" in line and "-" in line and _TABLE_RULE.fullmatch(line) is not None
        if is_rule or most:
            row = line.lstrip(_BEFORE_ROW)
            start += len(line) - len(row) + row.startswith("|")
            row = row.rstrip(BLANKS).removeprefix("|").removesuffix("|")
            cells = row.replace("\\|", "\\/").split("|")
            if is_rule:
                fewest, most = min(fewest or len(cells), len(cells)), max(most, len(cells))
            yield Row(start, cells, fewest, most, is_rule)


def _refuse_deep_lines(text: str) -> None:
    """Raises TooComplex: each line is compared with every open list and quote."""
    openings = [line.expandtabs(4) for line in _OPENING.findall(text)]
    levels = max(map(len, openings), default=0) // _COLUMNS_OF_LEVEL
    lists = sum(len(_LIST.findall(opening)) for opening in openings)
    if levels * text.count("\n") + _WORK_OF_LIST * lists > MAX_DEEP_LINES:
        raise TooComplex("too many lines in lists or quotes within each other: nest them less")
