"""Writes the overview of an item as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mcpserver.content.conversion import Texts
from mcpserver.content.quoting import quoted
from mcpserver.content.rendering.lines import indented, moment, notice_line, one_line
from mcpserver.content.rendering.outline import table, text_lines
from mcpserver.infinity import JsonObject

_TIMES = ("created_at", "updated_at")
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def lines(data: JsonObject, texts: Texts) -> Iterator[str]:
    """The lines of an `item_overview`. `texts` has no work here: its texts are Markdown."""
    yield f"# {one_line(data.get('title') or 'Item without a title')}"
    yield from _place(data)
    if values := [row for row in data["values"] if not _is_title(row, data)]:
        yield "## Values"
        for row in values:
            yield from _value(row)
    if subitems := data["subitems"]:
        yield f"## Sub-items: {len(subitems)}"
        yield from table({"title": "title", "status": "status", "id": "id"}, subitems)
    if comments := data["comments"]:
        yield "## Comments, the latest first"
        for comment in comments:
            yield from _comment(comment)


def _is_title(row: JsonObject, data: JsonObject) -> bool:
    """Whether the heading shows this value whole."""
    is_attribute = row["attribute_id"] == data.get("title_attribute_id")
    return is_attribute and one_line(row["text"]) == data.get("title")


def _place(data: JsonObject) -> Iterator[str]:
    archived = " (archived)" if data.get("archived") else ""
    yield " · ".join(
        [f"Item {one_line(str(data['id']))}{archived}", *filter(None, [data.get("url")])]
    )
    for key, name in (("folder", "name"), ("parent", "title")):
        if found := data.get(key):
            words = [found[each] for each in (name, "id") if found.get(each)]
            yield f"{key.capitalize()}: {' · '.join(map(quoted, words))}"
    if made := _made(data, "created_at", "created_by"):
        yield f"Created: {made}"


def _made(record: JsonObject, *keys: str) -> str:
    """Time, author and id, as far as they are known."""
    words = (
        moment(str(record[key])) if key == "created_at" else record[key]
        for key in keys
        if record.get(key)
    )
    return " · ".join(map(quoted, words))


def _value(row: JsonObject) -> Iterator[str]:
    text, is_time = _text(row), row["attribute_type"] in _TIMES
    yield from text_lines(f"- {quoted(row['attribute_name'])}:", moment(text) if is_time else text)
    tool = "infinity_get_item_attribute_value"
    yield from _reading_on(row, tool, "attribute_id", row["attribute_id"])


def _comment(comment: JsonObject) -> Iterator[str]:
    head = f"- {_made(comment, 'author', 'created_at', 'id')}"
    if comment.get("reply_to"):
        head += f" · reply to {quoted(comment['reply_to'])}"
    yield head
    yield from indented(_text(comment))
    yield from _reading_on(comment, "infinity_get_comment", "comment_id", comment["id"])


def _text(row: JsonObject) -> str:
    text = str(row.get("text", ""))
    return f"{text.rstrip()} …" if "next_offset" in row else text


def _reading_on(row: JsonObject, tool: str, parameter: str, id: Any) -> Iterator[str]:
    """The server's line below a text that is cut; an id that could be other words is left out."""
    if offset := row.get("next_offset"):
        call = f"{tool} {parameter}={id}" if _ID.fullmatch(str(id)) else tool
        part = f"{offset:,} of {row['characters']:,} characters"
        yield notice_line(f"Cut after {part}: {call} offset={offset} reads on")
