"""Writes data as lines of Markdown that nobody can take for the server's own words.

Those stand in lines that begin with `>`. No line of data does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?(?:Z|\+00:00)?", re.ASCII)


def notice_line(text: str) -> str:
    """A line of the server's own."""
    return f"> {one_line(text)}"


def one_line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def data_line(text: str) -> str:
    """A line of data that begins at the margin."""
    return f"\\{text}" if text.startswith(">") else text


def cell(text: str) -> str:
    """A text as a cell of a table."""
    return one_line(text).replace("|", "\\|")


def indented(text: str, by: str = "  ") -> Iterator[str]:
    """The lines of a text, indented so that none looks like a record, a field or a notice."""
    return (f"{by}{line}" if line.strip() else "" for line in text.splitlines())


def row_line(cells: Iterable[str]) -> str:
    """A row of a table, without the empty cells at its end."""
    filled = list(cells)
    while len(filled) > 1 and not filled[-1]:
        filled.pop()
    return data_line(" | ".join(filled).rstrip(" "))


def table_head(columns: Iterable[str]) -> list[str]:
    """The lines above the rows of a table."""
    names = [cell(column) for column in columns]
    return [row_line(names), "|".join("---" for _ in names)]


def moment(text: str, by: Literal["minutes", "seconds"] = "seconds") -> str:
    """A time of Infinity's, in UTC, without parts that say nothing; any other text as it is."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return text
    day, minute, seconds = match.groups()
    is_whole = by == "minutes" or seconds in (None, ":00")
    return f"{day} {minute}" if is_whole else f"{day} {minute}{seconds}"
