"""Shows an item as people see it when they open it: values, sub-items, latest comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from mcpserver.content import notices
from mcpserver.content.addresses import app_address
from mcpserver.content.board_cache import Lists
from mcpserver.content.conversion import read_texts
from mcpserver.content.item_reader import (
    MEMBER_KINDS,
    Reader,
    in_order,
    item_with_values,
    values_of,
)
from mcpserver.content.overviews.parts import (
    MAX_NAME,
    Overview,
    Part,
    clipped,
    filled,
    fit,
    name_of,
    note_missing,
    size_of,
    together,
)
from mcpserver.content.overviews.subitems import Subitems, find_subitems, folder_id_of
from mcpserver.content.titles import title_attribute
from mcpserver.content.values.conversions import kind_of
from mcpserver.content.values.names import folded
from mcpserver.infinity import InfinityClient, JsonObject

MAX_COMMENTS, MAX_SUBITEMS, MAX_VALUES = 10, 50, 200
TEXTS = (4_000, 2_000, 1_000, 500)  # characters of a text; fewer where texts would fill the answer
RESERVE = 2_500  # characters for notices, and for the item itself
# Types of attributes whose data says more than their text: addresses of files, ids of entries.
WITH_DATA = ("attachments", "checklist", "links")
ITEM = "workspaces/{ws}/boards/{board}/items/{item}"


async def item_overview(
    api: InfinityClient, workspace_id: str, board_id: str, item_id: str
) -> JsonObject:
    """The item as `{object: "item_overview", id, title, title_attribute_id, url, folder, parent,
    created_at, created_by, values, subitems, comments}`; values as rows of `Reader`, with `data`
    only for WITH_DATA.

    A text that is cut has `next_offset`, where reading goes on, and `characters`, its whole length.
    What cannot be read is missing, with a notice. Raises the item's InfinityError.
    """
    at = {"ws": workspace_id, "board": board_id}
    item, comments = Part[JsonObject]({}), Part[JsonObject]({"data": [], "has_more": False})
    reader = Part(Reader([], []))
    expand = {"expand": ["values", "folder", "created_by"]}
    await together(
        item.read(api.get(ITEM, expand, **at, item=item_id)),
        comments.read(_comments(api, item=item_id, **at)),
        reader.read(_reader(Lists(api, workspace_id, board_id))),
    )
    if item.error:
        raise item.error
    item.value.setdefault("id", item_id)
    note_missing("names of attributes", reader, "Try infinity_get_item_values later.")
    note_missing("comments", comments, "Try infinity_list_comments later.")
    parent, subitems = Part[JsonObject]({}), Part(Subitems())
    await together(
        parent.read(_parent(api, item.value, at)),
        subitems.read(find_subitems(api, item.value, at)),
    )
    note_missing("the parent's title", parent, "Try infinity_get_item_values with its id later.")
    note_missing("sub-items", subitems, "Try infinity_list_subitems later.")
    return await _overview(
        _Read(
            board_id,
            item.value,
            _in_folder_order(reader.value, item.value),
            parent.value,
            subitems,
            comments,
        )
    )


@dataclass(frozen=True)
class _Read:
    board_id: str
    item: JsonObject
    reader: Reader
    parent: JsonObject
    subitems: Part[Subitems]
    comments: Part[JsonObject]


async def _comments(api: InfinityClient, **ids: str) -> JsonObject:
    query: JsonObject = {
        "sort_by": "created_at",
        "sort_direction": "desc",
        "limit": MAX_COMMENTS,
        "expand": ["created_by"],
    }
    return await api.list(f"{ITEM}/comments", query, **ids)


async def _reader(lists: Lists) -> Reader:
    attributes = await lists.attributes()
    members = Part[list[JsonObject]]([])
    if any(kind_of(attribute) in MEMBER_KINDS for attribute in attributes):
        await members.read(lists.members())
    note_missing("names of people", members, "They are shown by user id.")
    return Reader(attributes, members.value)


async def _parent(api: InfinityClient, item: JsonObject, at: dict[str, str]) -> JsonObject:
    if not item.get("parent_id"):
        return {}
    return await item_with_values(api, at["ws"], at["board"], str(item["parent_id"]))


async def _overview(read: _Read) -> JsonObject:
    item, reader = read.item, read.reader
    title = await title_attribute(reader.attributes)
    item_title, parent_title = await reader.texts(
        [(title or {}, _value(each, title)) for each in (item, read.parent)]
    )
    rows, total = await _value_rows(read)
    parts = {
        "values": rows,
        "subitems": await _subitem_rows(reader, title, read.subitems.value.items),
        "comments": await _comment_rows(read.comments.value),
    }
    _shorten_texts(parts)
    fit(parts, settings.MCP_RESULT_TEXT_CHARACTERS - RESERVE, {"values": 3, "comments": 2})
    _note_cuts(read, parts, total)
    folder_id = folder_id_of(item)
    parent = {"id": item.get("parent_id"), "title": _title(parent_title)}
    overview = {
        "object": "item_overview",
        **filled(
            {
                "id": item["id"],
                "title": _title(item_title),
                "title_attribute_id": title["id"] if title else None,
                "archived": item.get("deleted") is True or None,
                "url": app_address(read.board_id, folder_id, str(item["id"])) if folder_id else "",
                "folder": filled({"id": folder_id, "name": _folder_name(item)}),
                "parent": filled(parent) if item.get("parent_id") else {},
                "created_at": name_of(item, "created_at"),
                "created_by": _author(item),
            }
        ),
        **parts,
    }
    return Overview(overview)


def _in_folder_order(reader: Reader, item: JsonObject) -> Reader:
    """The reader with the attributes as the item's folder shows them."""
    folder = item.get("folder")
    ids = folder.get("attribute_ids") if isinstance(folder, dict) else None
    return Reader(in_order(reader.attributes, ids if isinstance(ids, list) else []), reader.people)


def _status(attributes: list[JsonObject]) -> JsonObject | None:
    """The label attribute called Status, else the first one."""
    labels = [attribute for attribute in attributes if kind_of(attribute) == "label"]
    named = (each for each in labels if folded(name_of(each)) == "status")
    return next(named, labels[0] if labels else None)


def _value(item: JsonObject, attribute: JsonObject | None) -> Any:
    return values_of(item).get(str(attribute["id"])) if attribute else None


def _title(text: str) -> str:
    return clipped(" ".join(text[: 4 * MAX_NAME].split()), MAX_NAME)


def _folder_name(item: JsonObject) -> str:
    folder = item.get("folder")
    return name_of(folder) if isinstance(folder, dict) else ""


def _author(record: JsonObject) -> str:
    author = record.get("created_by")
    if isinstance(author, dict):
        return name_of(author) or name_of(author, "email") or f"#{name_of(author, 'id')}"
    return f"#{author}" if isinstance(author, int | str) else ""


async def _value_rows(read: _Read) -> tuple[list[JsonObject], int]:
    """The rows of all values that are not empty, and how many there are."""
    (rows,) = await read.reader.rows([read.item])
    rows = [row for row in rows if row["text"]]
    for row in rows[:MAX_VALUES]:
        row["attribute_name"] = name_of(row, "attribute_name") or str(row["attribute_id"])
        if row["attribute_type"] == "source_folder" and row["data"] == folder_id_of(read.item):
            row["text"] = _folder_name(read.item) or row["text"]
        if row["attribute_type"] not in WITH_DATA:
            del row["data"]
    return rows[:MAX_VALUES], len(rows)


async def _subitem_rows(
    reader: Reader, title: JsonObject | None, items: list[JsonObject]
) -> list[JsonObject]:
    status = _status(reader.attributes)
    entries = [
        (attribute or {}, _value(item, attribute))
        for item in items[:MAX_SUBITEMS]
        for attribute in (title, status)
    ]
    texts = iter(await reader.texts(entries))
    return [
        filled({"id": item["id"], "title": _title(next(texts)), "status": _title(next(texts))})
        for item in items[:MAX_SUBITEMS]
    ]


async def _comment_rows(page: JsonObject) -> list[JsonObject]:
    comments = page["data"][:MAX_COMMENTS]
    texts = await read_texts(
        lambda texts: [texts.text(str(comment.get("text") or "")) for comment in comments]
    )
    return [
        filled(
            {
                "id": comment["id"],
                "author": _author(comment),
                "created_at": name_of(comment, "created_at"),
                "reply_to": name_of(comment, "parent_id"),
                "text": text,
            }
        )
        for comment, text in zip(comments, texts, strict=True)
    ]


def _shorten_texts(parts: dict[str, list[JsonObject]]) -> None:
    """Cut texts, and leave out large data, so far that the parts fit if that is enough."""
    rows = [*parts["values"], *parts["comments"]]
    for size in TEXTS:
        for row in rows:
            _shorten(row, size)
        if sum(map(size_of, [*rows, *parts["subitems"]])) <= (
            settings.MCP_RESULT_TEXT_CHARACTERS - RESERVE
        ):
            return


def _shorten(row: JsonObject, size: int) -> None:
    text = row.get("text", "")
    if len(text) > size:
        whole = row.get("characters", len(text))
        row |= {"text": text[:size], "next_offset": size, "characters": whole}
        row.pop("data", None)
    elif "data" in row and size_of(row["data"]) > (size if size == TEXTS[0] else size // 20):
        del row["data"]


def _note_cuts(read: _Read, parts: dict[str, list[JsonObject]], values: int) -> None:
    """Say what is not shown, and how to read it."""
    cut = {
        tool: sum("next_offset" in row for row in parts[part])
        for part, tool in (
            ("values", "infinity_get_item_attribute_value"),
            ("comments", "infinity_get_comment"),
        )
    }
    if count := sum(cut.values()):
        tools = " or ".join(tool for tool in cut if cut[tool])
        texts = "text is" if count == 1 else "texts are"
        notices.add(f"{count} {texts} cut: read on with {tools}.")
    if len(parts["values"]) < values:
        notices.add(
            f"Values: {len(parts['values'])} of {values:,} "
            "(infinity_get_item_attribute_value reads another one)."
        )
    found = read.subitems.value
    if read.subitems.error is None and not found.whole:
        notices.add(
            f"Sub-items among the first {found.read} items of the folder only: "
            "infinity_list_subitems finds all."
        )
    if len(parts["subitems"]) < len(found.items):
        notices.add(
            f"Sub-items: {len(parts['subitems'])} of {len(found.items)} "
            "(infinity_list_subitems has all)."
        )
    if read.comments.value["has_more"] or len(parts["comments"]) < len(read.comments.value["data"]):
        notices.add(
            f"The latest {len(parts['comments'])} comments (infinity_list_comments has all)."
        )
