"""Writes lines of data for an overview: no line of it begins with `>`, as notices do."""

from __future__ import annotations

from collections.abc import Iterator

from mcpserver.content.rendering.lines import cell, indented, row_line, table_head
from mcpserver.infinity import JsonObject


def table(columns: dict[str, str], rows: list[JsonObject]) -> Iterator[str]:
    """A table: headers by key; columns without any value are left out."""
    used = {key: header for key, header in columns.items() if any(row.get(key) for row in rows)}
    if not used:
        return
    yield from table_head(used.values())
    for row in rows:
        yield row_line(cell(str(row.get(key, ""))) for key in used)


def text_lines(head: str, text: str) -> Iterator[str]:
    """`head` with a text of one line, or with the lines of a longer one indented below it."""
    if len(text.splitlines()) < 2:
        yield f"{head} {text.strip()}".rstrip()
        return
    yield head
    yield from indented(text)
