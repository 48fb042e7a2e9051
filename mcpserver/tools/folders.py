"""Defines the tools for folders."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content import notices
from mcpserver.content.board_cache import Lists
from mcpserver.content.values.merging import merged_settings, read_undamaged
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.tools._params import (
    AttributeIds,
    BoardId,
    Color,
    FolderId,
    Name,
    Paging,
    ParentFolderId,
    Settings,
    SortOrder,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


@read_tool
async def infinity_list_folders(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The folders of a board, sub-folders included (see parent_id)."""
    return await api.list(
        "workspaces/{ws}/boards/{board}/folders", paging.query(), ws=workspace_id, board=board_id
    )


@read_tool
async def infinity_get_folder(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, folder_id: FolderId
) -> JsonObject:
    """One folder, with the attributes it shows."""
    return await _folder(api, workspace_id, board_id, folder_id)


@write_tool()
async def infinity_create_folder(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    name: Name,
    color: Color | MISSING | None = MISSING,
    parent_id: ParentFolderId | MISSING | None = MISSING,
    attribute_ids: AttributeIds | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
    settings: Settings | MISSING = MISSING,
) -> JsonObject:
    """Create a folder, or with parent_id a sub-folder."""
    folder = given(
        name=name,
        color=color,
        parent_id=parent_id,
        attribute_ids=attribute_ids,
        sort_order=sort_order,
        settings=settings,
    )
    if "attribute_ids" in folder:
        lists = Lists(api, workspace_id, board_id)
        folder["attribute_ids"] = await lists.attribute_ids(folder["attribute_ids"])
    return await api.post(
        "workspaces/{ws}/boards/{board}/folders", folder, ws=workspace_id, board=board_id
    )


@write_tool(idempotent=True)
async def infinity_update_folder(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    folder_id: FolderId,
    name: Name | MISSING = MISSING,
    color: Color | MISSING | None = MISSING,
    parent_id: ParentFolderId | MISSING | None = MISSING,
    attribute_ids: AttributeIds | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
    settings: Settings | MISSING = MISSING,
) -> JsonObject:
    """Change a folder. attribute_ids replace the old ones whole; settings that are not named stay,
    also within objects."""
    folder = changes(
        name=name,
        color=color,
        parent_id=parent_id,
        attribute_ids=attribute_ids,
        sort_order=sort_order,
        settings=settings,
    )
    if folder.keys() & {"attribute_ids", "settings"}:
        reading = _folder(api, workspace_id, board_id, folder_id)
        known = await (read_undamaged(api, reading) if "settings" in folder else reading)
        folder |= await _merged(Lists(api, workspace_id, board_id), known, folder)
    return await api.put(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        folder,
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )


@admin_tool(destructive=True, idempotent=True)
async def infinity_archive_folder(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, folder_id: FolderId
) -> JsonObject:
    """Move a folder to the trash, with all in it. Only the Infinity app can restore it."""
    return await api.delete(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )


async def _folder(
    api: InfinityClient, workspace_id: str, board_id: str, folder_id: str
) -> JsonObject:
    return await api.get(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )


async def _merged(lists: Lists, known: JsonObject, wanted: JsonObject) -> JsonObject:
    """The new values of fields that Infinity replaces whole."""
    merged: JsonObject = {}
    if "settings" in wanted:
        merged["settings"] = merged_settings(known, wanted["settings"])
    if "attribute_ids" in wanted:
        merged["attribute_ids"] = await lists.attribute_ids(wanted["attribute_ids"])
        _note_hidden_attributes(known, merged["attribute_ids"])
    return merged


def _note_hidden_attributes(folder: JsonObject, attribute_ids: list[str]) -> None:
    before = folder.get("attribute_ids")
    hidden = [id for id in before if id not in attribute_ids] if isinstance(before, list) else []
    if hidden:
        ids = ", ".join(str(id)[:40] for id in hidden[:10])
        notices.add(
            f"The folder no longer shows {len(hidden)} of its attributes ({ids}), whose values are "
            "kept. To show them again, send attribute_ids with all that it is to show."
        )
