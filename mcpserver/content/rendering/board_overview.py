"""Writes the overview of a board as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mcpserver.content.conversion import Texts
from mcpserver.content.quoting import listed, quoted
from mcpserver.content.rendering.lines import one_line
from mcpserver.content.rendering.outline import table, text_lines
from mcpserver.infinity import JsonObject

MAX_INDENT = 10  # levels of folders


def lines(data: JsonObject, texts: Texts) -> Iterator[str]:
    """The lines of a `board_overview`. `texts` has no work here: its texts are Markdown."""
    yield f"# {one_line(data.get('name') or 'Board')}"
    yield " · ".join(["Board " + one_line(str(data["id"])), *filter(None, [data.get("url")])])
    if data.get("description"):
        yield from text_lines("Description:", data["description"])
    if attributes := data.get("attributes"):
        yield _header(data, "attributes", "Attributes")
        yield from map(_attribute, attributes)
    if folders := data.get("folders"):
        yield _header(data, "folders", "Folders (name, id)")
        if data.get("shown_attributes"):
            yield f"Attributes shown, unless noted: {listed(data['shown_attributes'])}"
        yield from map(_folder, folders)
    if members := data.get("members"):
        yield _header(data, "members", "Members")
        yield from table({"id": "id", "name": "name", "email": "e-mail", "role": "role"}, members)
    if views := data.get("views"):
        yield _header(data, "views", "Views")
        rows = [
            {**view, "folder": view.get("folder") or view.get("folder_id", "")} for view in views
        ]
        yield from table({"name": "name", "type": "type", "folder": "folder", "id": "id"}, rows)


def _header(data: JsonObject, part: str, title: str) -> str:
    shown, total = len(data[part]), data["totals"][part]
    return f"## {title}: {total:,}" if shown == total else f"## {title}: {shown} of {total:,}"


def _attribute(row: JsonObject) -> str:
    parts = [f"- {quoted(row.get('name') or row['id'])}", quoted(row.get("type", ""))]
    if settings := row.get("settings"):
        parts.append(", ".join(f"{quoted(key)}={_setting(settings[key])}" for key in settings))
    if labels := row.get("labels"):
        total = row.get("label_count", len(labels))
        shown = f" ({len(labels)} of {total:,} shown)" if len(labels) < total else ""
        parts.append(f"labels{shown}: {listed(labels)}")
    if default := row.get("default"):
        parts.append(f"default: {quoted(default)}")
    return " · ".join(filter(None, parts))


def _setting(value: object) -> str:
    if isinstance(value, dict):
        return one_line(json.dumps(value, ensure_ascii=False))
    return str(value).lower() if isinstance(value, bool) else quoted(value)


def _folder(row: JsonObject) -> str:
    indent = "  " * min(row["depth"], MAX_INDENT)
    parts = [f"{indent}- {quoted(row.get('name', 'Folder'))}", quoted(row["id"])]
    if row.get("attributes"):
        parts.append(f"shows: {listed(row['attributes'])}")
    elif "attribute_count" in row:
        parts.append(f"{row['attribute_count']:,} attributes shown")
    return " · ".join(parts)
