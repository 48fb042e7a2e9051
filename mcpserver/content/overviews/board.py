"""Describes a board in one answer: attributes, members, folders and views."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings

from mcpserver.content import notices
from mcpserver.content.addresses import app_address
from mcpserver.content.board_cache import ATTRIBUTES, MEMBERS, VIEWS, shown
from mcpserver.content.conversion import read_texts
from mcpserver.content.filtered_pages import PASSING
from mcpserver.content.item_reader import Reader, in_order
from mcpserver.content.overviews.folder_tree import Folder, FolderReader, folder_tree
from mcpserver.content.overviews.parts import (
    Overview,
    Part,
    clipped,
    collected,
    filled,
    fit,
    name_of,
    note_missing,
    size_of,
    together,
)
from mcpserver.content.turns import give_way
from mcpserver.content.values.labels import labels_of
from mcpserver.infinity import InfinityClient, JsonObject

# What is listed at most.
MAX_LISTED = {"attributes": 200, "members": 100, "folders": 200, "views": 50}
LABELS = (30, 15, 8, 4)  # of an attribute; fewer where the attributes would take half of the answer
MAX_SHOWN = 10  # attributes of a folder that are named
MAX_COMMON = 50  # attributes that all folders show
MAX_DESCRIPTION = 1_000
MAX_DEFAULT = 200
MAX_SETTINGS, MAX_SETTING = 8, 60
RESERVE = 2_000  # characters for notices and the board itself
# The tool that reads the rest of a part.
TOOLS = {
    "attributes": "infinity_list_attributes",
    "members": "infinity_list_workspace_members",
    "folders": "infinity_list_folders",
    "views": "infinity_list_views",
}


@dataclass
class _Parts:
    """What was read of a board."""

    board: Part[JsonObject] = field(default_factory=lambda: Part({}))
    attributes: Part[list[JsonObject]] = field(default_factory=lambda: Part([]))
    members: Part[list[JsonObject]] = field(default_factory=lambda: Part([]))
    folders: Part[list[Folder]] = field(default_factory=lambda: Part([]))
    views: Part[list[JsonObject]] = field(default_factory=lambda: Part([]))

    def listed(self, name: str) -> Part[list[Any]]:
        part: Part[list[Any]] = getattr(self, name)
        return part


async def board_overview(api: InfinityClient, workspace_id: str, board_id: str) -> JsonObject:
    """The board as `{object: "board_overview", id, name, url, description, attributes, members,
    shown_attributes, folders, views, totals}`.

    What cannot be read is missing, with a notice. Raises the board's InfinityError if there is no
    such board.
    """
    parts = await _read(api, workspace_id, board_id)
    await _note_shown(parts, workspace_id, board_id)
    common = _common_list(parts)
    ordered = in_order(parts.attributes.value, common)
    attributes = ordered[: MAX_LISTED["attributes"]]
    defaults = await _defaults(attributes, parts.members.value)
    rows = {
        "attributes": await _attribute_rows(attributes, defaults),
        "members": [_member_row(each) for each in parts.members.value[: MAX_LISTED["members"]]],
        "folders": await _folder_rows(parts, common),
        "views": _view_rows(parts),
    }
    fit(rows, settings.MCP_RESULT_TEXT_CHARACTERS - RESERVE, {"attributes": 3})
    totals = {name: len(parts.listed(name).value) for name in TOOLS}
    _note(parts, rows, totals)
    board = parts.board.value
    return Overview(
        filled(
            {
                "object": "board_overview",
                "id": str(board.get("id", board_id)),
                "name": name_of(board),
                "url": app_address(board_id),
                "description": await _description(board),
                "attributes": rows["attributes"],
                "members": rows["members"],
                "shown_attributes": _common_names(parts, common),
                "folders": rows["folders"],
                "views": rows["views"],
                "totals": totals,
            }
        )
    )


async def _read(api: InfinityClient, workspace_id: str, board_id: str) -> _Parts:
    parts, reader = _Parts(), FolderReader()
    at = {"ws": workspace_id, "board": board_id}

    async def folders() -> AsyncIterator[Folder]:
        async for record in api.walk("workspaces/{ws}/boards/{board}/folders", **at):
            yield reader.folder(record)

    await together(
        parts.board.read(api.get("workspaces/{ws}/boards/{board}", **at)),
        collected(parts.attributes, api.walk("workspaces/{ws}/boards/{board}/attributes", **at)),
        collected(parts.members, api.walk("workspaces/{ws}/members", ws=workspace_id)),
        collected(parts.folders, folders()),
        collected(parts.views, api.walk("workspaces/{ws}/boards/{board}/views", **at)),
    )
    if parts.board.error and (
        not isinstance(parts.board.error, PASSING)
        or all(parts.listed(name).error for name in TOOLS)
    ):
        raise parts.board.error
    return parts


async def _note_shown(parts: _Parts, workspace_id: str, board_id: str) -> None:
    """Let names refer to what is shown now."""
    for name in (ATTRIBUTES, MEMBERS, VIEWS):
        part = parts.listed(name)
        if not part.error:
            board = "" if name == MEMBERS else board_id
            await shown(name, part.value, workspace_id, board, whole=True)


async def _description(board: JsonObject) -> str:
    text = board.get("description")
    if not isinstance(text, str):
        return ""
    return clipped(await read_texts(lambda texts: texts.text(text)), MAX_DESCRIPTION)


async def _defaults(attributes: list[JsonObject], members: list[JsonObject]) -> list[str]:
    entries = [
        (each, each.get("default_data") if _is_set(each.get("default_data")) else None)
        for each in attributes
    ]
    with_default = [entry for entry in entries if entry[1] is not None]
    texts = iter(await Reader(attributes, members).texts(with_default))
    return ["" if data is None else clipped(next(texts), MAX_DEFAULT) for _, data in entries]


def _is_set(data: Any) -> bool:
    return bool(data) or (isinstance(data, int | float) and data is not False)


async def _attribute_rows(attributes: list[JsonObject], defaults: list[str]) -> list[JsonObject]:
    rows: list[JsonObject] = []
    for attribute, default in zip(attributes, defaults, strict=True):
        await give_way()
        labels = labels_of(attribute)
        shown = [name_of(label) or str(label["id"]) for label in labels[: LABELS[0]]]
        row = {
            "id": attribute["id"],
            "name": name_of(attribute),
            "type": name_of(attribute, "type"),
            "labels": shown,
            "label_count": len(labels) if len(labels) > len(shown) else None,
            "settings": _settings(attribute),
            "default": default,
        }
        rows.append(filled(row))
    most = (settings.MCP_RESULT_TEXT_CHARACTERS - RESERVE) // 2
    for count in LABELS[1:]:
        if sum(map(size_of, rows)) > most:
            rows = [_with_fewer_labels(row, count) for row in rows]
    return rows


def _with_fewer_labels(row: JsonObject, count: int) -> JsonObject:
    labels = row.get("labels", [])
    if len(labels) <= count:
        return row
    return {**row, "labels": labels[:count], "label_count": row.get("label_count", len(labels))}


def _settings(attribute: JsonObject) -> JsonObject:
    """Settings that say how a value is written: format, range, one or several."""
    known = attribute.get("settings")
    if not isinstance(known, dict):
        return {}
    small = (
        (key, value)
        for key, value in known.items()
        if key != "labels" and len(key) <= MAX_SETTING and _is_small(value)
    )
    return dict(islice(small, MAX_SETTINGS))


def _is_small(value: Any) -> bool:
    if isinstance(value, dict):
        return 0 < len(value) <= MAX_SETTINGS and size_of(value) <= MAX_SETTING
    return isinstance(value, int | float | str) and 0 < len(str(value)) <= MAX_SETTING


def _member_row(member: JsonObject) -> JsonObject:
    keys = ("name", "email", "role")
    return filled({"id": member["id"], **{key: name_of(member, key) for key in keys}})


def _common_list(parts: _Parts) -> tuple[str, ...]:
    """The ids of the attributes that most folders show, in their order."""
    lists = Counter(folder.attribute_ids for folder in parts.folders.value)
    return lists.most_common(1)[0][0] if lists else ()


def _common_names(parts: _Parts, common: tuple[str, ...]) -> list[str]:
    """The names of these attributes; none if they are all of the board."""
    names = _attribute_names(parts)
    shown = [names[id] or id for id in common if id in names]
    return shown[:MAX_COMMON] if len(shown) < len(names) else []


def _attribute_names(parts: _Parts) -> dict[str, str]:
    return {str(each["id"]): name_of(each) for each in parts.attributes.value}


async def _folder_rows(parts: _Parts, common: tuple[str, ...]) -> list[JsonObject]:
    """The rows of the folders. What a folder shows is named where it differs from most."""
    tree = (await folder_tree(parts.folders.value))[: MAX_LISTED["folders"]]
    names = _attribute_names(parts)
    rows: list[JsonObject] = []
    for folder, depth in tree:
        await give_way()
        row = {"id": folder.id, "name": folder.name, "depth": depth, "parent_id": folder.parent_id}
        if folder.attribute_ids != common:
            row |= _shown(folder, names)
        rows.append(filled(row))
    return rows


def _shown(folder: Folder, names: dict[str, str]) -> JsonObject:
    shown = [names[id] or id for id in folder.attribute_ids if id in names]
    if 0 < len(shown) <= MAX_SHOWN:
        return {"attributes": shown}
    return {"attribute_count": len(folder.attribute_ids)}


def _view_rows(parts: _Parts) -> list[JsonObject]:
    folders = {folder.id: folder.name for folder in parts.folders.value}
    return [
        filled(
            {
                "id": view["id"],
                "name": name_of(view),
                "type": name_of(view, "type"),
                "folder_id": name_of(view, "folder_id"),
                "folder": folders.get(str(view.get("folder_id")), ""),
            }
        )
        for view in parts.views.value[: MAX_LISTED["views"]]
    ]


def _note(parts: _Parts, rows: dict[str, list[JsonObject]], totals: dict[str, int]) -> None:
    """Say what is missing, and how to read it."""
    note_missing("the board's name", parts.board, "Try infinity_get_board later.")
    for name, tool in TOOLS.items():
        part = parts.listed(name)
        advice = f"Try {tool} later."
        if name == "members" and totals["members"] == 0:
            advice = "Name people by user id, or try infinity_list_workspace_members later."
        note_missing(name, part, advice, begun=totals[name])
    cut = [
        f"{len(rows[name])} of {totals[name]:,} {name} ({tool} has all)"
        for name, tool in TOOLS.items()
        if len(rows[name]) < totals[name]
    ]
    if any("label_count" in row for row in rows["attributes"]):
        cut.append("only the first labels of an attribute (infinity_get_attribute has all)")
    if cut:
        notices.add(f"Listed here: {', '.join(cut)}.")
