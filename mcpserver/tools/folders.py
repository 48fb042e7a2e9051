"""Defines the tools for folders."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content import notices
from mcpserver.content.addresses import with_address
from mcpserver.content.board_cache import FOLDERS, VIEWS, forget, shown
from mcpserver.content.values.merging import merged_settings, read_undamaged
from mcpserver.content.values.names import is_uuid
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

MAX_HIDDEN = 10  # attributes whose ids are listed


@read_tool
async def infinity_list_folders(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The folders of a board, sub-folders included (see parent_id)."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/folders", paging.query(), ws=workspace_id, board=board_id
    )
    whole = paging.is_whole(page)
    await shown(FOLDERS, page["data"], workspace_id, board_id, whole=whole)
    return page


@read_tool
async def infinity_get_folder(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, folder_id: FolderId
) -> JsonObject:
    """One folder, with the attributes it shows."""
    folder = await _folder(api, workspace_id, board_id, folder_id)
    await shown(FOLDERS, [folder], workspace_id, board_id)
    return folder


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
    created = await api.post(
        "workspaces/{ws}/boards/{board}/folders", folder, ws=workspace_id, board=board_id
    )
    await forget(FOLDERS, workspace_id, board_id)
    return with_address(created, board_id, str(created.get("id", "")))


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
    """Change a folder. attribute_ids replaces the whole list; settings that are not named stay."""
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
        folder |= _merged(known, folder)
    updated = await api.put(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        folder,
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )
    await forget(FOLDERS, workspace_id, board_id)
    return with_address(updated, board_id, folder_id)


@admin_tool(destructive=True, idempotent=True)
async def infinity_archive_folder(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, folder_id: FolderId
) -> JsonObject:
    """Move a folder and all in it to the trash. Only the Infinity app can restore it."""
    archived = await api.delete(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )
    await forget(FOLDERS, workspace_id, board_id)
    await forget(VIEWS, workspace_id, board_id)
    return archived


async def _folder(
    api: InfinityClient, workspace_id: str, board_id: str, folder_id: str
) -> JsonObject:
    return await api.get(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )


def _merged(known: JsonObject, wanted: JsonObject) -> JsonObject:
    """The new values of fields that Infinity replaces whole."""
    if "attribute_ids" in wanted:
        _note_hidden_attributes(known, wanted["attribute_ids"])
    if "settings" not in wanted:
        return {}
    return {"settings": merged_settings(known, wanted["settings"])}


def _note_hidden_attributes(folder: JsonObject, attribute_ids: list[str]) -> None:
    before = folder.get("attribute_ids")
    hidden = [id for id in before if id not in attribute_ids] if isinstance(before, list) else []
    if hidden:
        ids = [id for id in hidden if isinstance(id, str) and is_uuid(id)][:MAX_HIDDEN]
        rest = len(hidden) - len(ids)
        named = " and ".join(filter(None, [", ".join(ids), f"{rest} more" if rest else ""]))
        notices.add(
            "To show attributes again, send attribute_ids with all that the folder is to show. It "
            f"no longer shows these, whose values are kept: {named}."
        )
