"""Writes the overview of an item as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mcpserver.content.conversion import Texts
from mcpserver.content.rendering.lines import indented, moment, one_line
from mcpserver.content.rendering.outline import table, text_lines
from mcpserver.infinity import JsonObject

_TIMES = ("created_at", "updated_at")


def lines(data: JsonObject, texts: Texts) -> Iterator[str]:
    """The lines of an `item_overview`. `texts` has no work here: its texts are Markdown."""
    yield f"# {one_line(data.get('title') or 'Item without a title')}"
    yield from _place(data)
    if values := [row for row in data["values"] if row["text"] != data.get("title")]:
        yield "## Values"
        for row in values:
            text = moment(row["text"]) if row["attribute_type"] in _TIMES else row["text"]
            yield from text_lines(f"- {one_line(row['attribute_name'])}:", text)
    if subitems := data["subitems"]:
        yield f"## Sub-items: {len(subitems)}"
        yield from table({"title": "title", "status": "status", "id": "id"}, subitems)
    if comments := data["comments"]:
        yield "## Comments, the latest first"
        for comment in comments:
            yield from _comment(comment)


def _place(data: JsonObject) -> Iterator[str]:
    archived = " (archived)" if data.get("archived") else ""
    yield " · ".join(
        [f"Item {one_line(str(data['id']))}{archived}", *filter(None, [data.get("url")])]
    )
    for key, name in (("folder", "name"), ("parent", "title")):
        if found := data.get(key):
            words = [found[each] for each in (name, "id") if found.get(each)]
            yield f"{key.capitalize()}: {' · '.join(map(one_line, map(str, words)))}"
    made = [moment(data[key]) for key in ("created_at", "created_by") if data.get(key)]
    if made:
        yield f"Created: {' · '.join(map(one_line, made))}"


def _comment(comment: JsonObject) -> Iterator[str]:
    words = [moment(str(comment[key])) for key in ("author", "created_at", "id") if key in comment]
    head = f"- {' · '.join(map(one_line, words))}"
    if comment.get("reply_to"):
        head += f" · reply to {one_line(comment['reply_to'])}"
    yield head
    yield from indented(comment.get("text", ""))
