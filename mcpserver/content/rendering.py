"""Renders a tool's data as structured content and as bounded text.

Texts from Infinity are data: they are shown, never interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from mcp_types import CallToolResult, TextContent

from mcpserver.content.conversion import Texts
from mcpserver.content.richtext.richtext import looks_like_html
from mcpserver.content.values.labels import labels_of
from mcpserver.infinity import JsonObject

# Keys that mean nothing to a reader of one record.
_SILENT = ("object",)
NOTICE_CHARACTERS = 400
BETWEEN_RECORDS = len("\n- ")
_NAMES = ("name", "title", "original_name")
_SEPARATORS = ("; ", " = ", " · ", "**")


_texts: ContextVar[Texts] = ContextVar("texts")


def render(
    data: JsonObject,
    response_format: str,
    texts: Texts | None = None,
    *,
    notice: str = "",
    backwards: bool = False,
) -> CallToolResult:
    """Build the result of a tool. `data` is one record or a page; the text is cut between records.

    `notice` is the server's own. `backwards`: the page was requested with `before`, so its next
    page is the one before it.
    """
    if "notice" in data:  # a key of Infinity's would look like a notice of the server
        data = {key: data[key] for key in data if key != "notice"}
    if notice:
        data = {"notice": notice, **data}
    form = _JSON if response_format == "json" else _MARKDOWN
    texts = texts or Texts()
    token = _texts.set(texts)
    try:
        text = _with_notice(data, form, texts, _BACKWARDS if backwards else _FORWARDS)
    finally:
        _texts.reset(token)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)


def _with_notice(data: JsonObject, form: _Renderer, texts: Texts, direction: _Direction) -> str:
    limit: int = settings.MCP_RESULT_TEXT_CHARACTERS
    text = _bounded(data, form, limit, direction)
    if not texts.notice:
        return text
    line = f"> {texts.notice}\n"
    return line + _bounded(data, form, limit - len(line), direction)


@dataclass(frozen=True)
class _Direction:
    """Where the next page of a list is, and which cursor leads there."""

    cursor: str
    place: str
    last: str

    def nearest(self, records: list[Any]) -> list[Any]:
        """The records in the order in which paging reaches them."""
        return records if self.cursor == "after" else records[::-1]


_FORWARDS = _Direction("after", "follow", "after the last")
_BACKWARDS = _Direction("before", "come before these", "before the first")


@dataclass(frozen=True)
class _Renderer:
    """How to write a text, a record, and the whole from data and its written records."""

    text: Callable[[str], str]
    record: Callable[[Any], str]
    whole: Callable[[JsonObject, list[str] | None, _Direction], str]

    def write(self, data: JsonObject, direction: _Direction) -> str:
        listed = _is_page(data) or data.keys() == {"notice", "data"}
        return self.whole(data, list(map(self.record, data["data"])) if listed else None, direction)


def _bounded(data: JsonObject, form: _Renderer, limit: int, direction: _Direction) -> str:
    if _is_page(data) and len(data["data"]) > 1:
        room = limit - NOTICE_CHARACTERS - len(data.get("notice", ""))
        records = direction.nearest(_fitting(direction.nearest(data["data"]), form, room))
        data = data if len(records) == len(data["data"]) else _cut(data, len(records), direction)
        text = form.whole(data, records, direction)
    else:
        text = form.write(data, direction)
    return text if len(text) <= limit else _shrunk(data, form, limit, direction)


def _fitting(records: list[Any], form: _Renderer, left: int) -> list[str]:
    """The written records that fit, at least one."""
    written: list[str] = []
    for record in records:
        text = form.record(record)
        left -= len(text) + BETWEEN_RECORDS
        if left < 0 and written:
            break
        written.append(text)
    return written


def _cut(page: JsonObject, kept: int, direction: _Direction) -> JsonObject:
    total = len(page["data"])
    notice = (
        f"{total - kept} of {total} records are left out of this text (structuredContent has all). "
        f"To read them here, repeat this call with limit={kept}: its cursor goes on "
        f"{direction.last} record below."
    )
    # The page's own cursor continues after the records that are left out, and would skip them.
    shown = direction.nearest(direction.nearest(page["data"])[:kept])
    return {"notice": _joined(page, notice), "data": shown}


def _shrunk(record: JsonObject, form: _Renderer, limit: int, direction: _Direction) -> str:
    """A record that is too long by itself, with texts and lists cut until it fits."""
    notice = record.get("notice", "")
    if "structuredContent" not in notice:
        notice = _joined(record, "Long values are cut here; structuredContent is whole.")
    size = limit // 2
    while size >= 20:
        text = form.write({**_shortened(record, size, form), "notice": notice}, direction)
        if len(text) <= limit:
            return text
        size //= 2
    notice = "Too long for this text; structuredContent is whole."
    return form.write({"notice": notice}, direction)


def _joined(data: JsonObject, notice: str) -> str:
    return f"{data.get('notice', '')} {notice}".strip()


def _shortened(value: Any, size: int, form: _Renderer) -> Any:
    """The value with short texts and lists. Texts are cut as they are shown: half a tag would not
    be HTML."""
    if isinstance(value, str):
        return value if len(value) <= size else _cut_text(form.text(value), size)
    if isinstance(value, dict):
        return {key: _shortened(entry, size, form) for key, entry in value.items()}
    if isinstance(value, list):
        return [_shortened(entry, size, form) for entry in value[: max(1, size // 20)]]
    return value


def _cut_text(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[:size]}…"


def _is_page(data: JsonObject) -> bool:
    return "has_more" in data and isinstance(data.get("data"), list)


def _json(data: JsonObject) -> str:
    return orjson.dumps(data).decode()


def _json_whole(data: JsonObject, records: list[str] | None, direction: _Direction) -> str:
    return _json(data if records is None else {**data, "data": list(map(orjson.Fragment, records))})


def _markdown_whole(data: JsonObject, records: list[str] | None, direction: _Direction) -> str:
    lines = _record_lines(data) if records is None else _page_lines(data, records, direction)
    # For some changes Infinity's answer is empty, which a model could take for a failure.
    return "\n".join(lines) or "Done."


def _page_lines(page: JsonObject, records: list[str], direction: _Direction) -> Iterator[str]:
    if page.get("notice"):
        yield f"> {page['notice']}"
    count = len(records)
    cursor = page.get("has_more") and page[direction.cursor]
    more = f"; more {direction.place} with {direction.cursor}={cursor}" if cursor else ""
    yield f"{count} record{'' if count == 1 else 's'}{more}"
    for record in records:
        yield f"- {record}"


def _one_line(record: Any) -> str:
    if not isinstance(record, dict):
        return _inline(record)
    names = [record[key] for key in _NAMES if record.get(key)] or _titles(record)
    parts = [f"**{_quoted(_inline(name))}**" for name in names]
    for key, value in record.items():
        if key not in _NAMES and not _is_silent(key, value):
            text = _short(_known_text(record, key, value))
            parts.append(f"{key}: {_quoted(text) if isinstance(value, str) else text}")
    return " · ".join(parts)


def _titles(record: JsonObject) -> list[str]:
    """The first text value of an item, which has no other name."""
    values = [value for value in record.get("values") or [] if _is_value(value)]
    texts = [v["data"] for v in values if (v.get("attribute") or {}).get("type") == "text"]
    return [text for text in texts if isinstance(text, str) and text][:1]


def _short(value: Any) -> str:
    """A value within a line: of a nested record name and id, of a long list the length."""
    if isinstance(value, dict) and "object" in value and "id" in value:
        return " ".join(_inline(value[key]) for key in (*_NAMES, "id") if value.get(key))
    if isinstance(value, list) and len(value) > 8 and isinstance(value[0], str):
        return f"{len(value)} entries"
    return _inline(value)


def _record_lines(record: JsonObject) -> Iterator[str]:
    if record.get("notice"):
        yield f"> {record['notice']}"
    for key, value in record.items():
        if key == "notice" or _is_silent(key, value):
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{key}:"
            yield from (
                f"- {_value(entry) if _is_value(entry) else _one_line(entry)}" for entry in value
            )
        elif isinstance(value, dict):
            yield f"{key}: {_short(value)}"
        else:
            value = _known_text(record, key, value)
            text = _readable(value) if isinstance(value, str) else _inline(value)
            # Further lines are indented, so that none looks like another field.
            yield f"{key}: {text}".replace("\n", "\n  ")


def _is_silent(key: str, value: Any) -> bool:
    empty = not value and not isinstance(value, int | float)
    return empty or key in _SILENT or (key == "deleted" and value is False)


def _inline(value: Any) -> str:
    """A value on one line: lists of values as `attribute: data`, other nests as JSON."""
    if isinstance(value, _Verbatim):
        return " ".join(value.split())
    if isinstance(value, str):
        return " ".join(_readable(value).split())
    if isinstance(value, list) and all(map(_is_value, value)):
        shown = [_value(entry) for entry in value if entry.get("data") not in (None, "", [])]
        return "; ".join(shown)
    if isinstance(value, list) and not any(isinstance(entry, dict | list) for entry in value):
        return ", ".join(_inline(entry) for entry in value)
    return orjson.dumps(value).decode()


class _Verbatim(str):
    """A text that is shown as it is."""


def _known_text(record: JsonObject, key: str, value: Any) -> Any:
    """A text whose form is known: that of a comment is HTML, that of a row is not."""
    if key != "text" or not isinstance(value, str):
        return value
    if record.get("object") == "comment":
        return _Verbatim(_texts.get().text(value))
    return _Verbatim(value) if "attribute_name" in record else value


def _readable(text: str) -> str:
    """HTML, as in comments and long texts, as Markdown; other texts as they are."""
    if isinstance(text, _Verbatim) or "<" not in text or not looks_like_html(text):
        return text
    return _texts.get().text(text)


def _is_value(entry: Any) -> bool:
    """Whether an entry is a value of Infinity's, or a row of the tools for values."""
    return isinstance(entry, dict) and (entry.get("object") == "value" or _is_row(entry))


def _is_row(entry: JsonObject) -> bool:
    return "attribute_name" in entry and "text" in entry


def _value(entry: JsonObject) -> str:
    if _is_row(entry):
        return f"{_inline(entry['attribute_name'])} = {_quoted(_inline(_Verbatim(entry['text'])))}"
    attribute = entry.get("attribute") or {}
    name = attribute.get("name") or entry.get("attribute_id") or "?"
    data = entry.get("data")
    if isinstance(data, list):
        labels = {label.get("id"): label.get("name") for label in labels_of(attribute)}
        data = [labels.get(each, each) if isinstance(each, str) else each for each in data]
    elif isinstance(data, str) and "type" in attribute:
        data = _Verbatim(_texts.get().text(data) if attribute["type"] == "longtext" else data)
    return f"{_inline(name)} = {_quoted(_inline(data))}"


def _quoted(text: str) -> str:
    """The text, in quotes if it could look like further values."""
    for separator in _SEPARATORS:  # twice as fast as a regular expression
        if separator in text:
            return orjson.dumps(text).decode()
    return text


_JSON = _Renderer(str, _json, _json_whole)
_MARKDOWN = _Renderer(lambda text: _readable(text), _one_line, _markdown_whole)
