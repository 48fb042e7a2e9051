from __future__ import annotations

from pydantic import MISSING

from mcpserver.infinity import JsonObject
from mcpserver.params import (
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
from mcpserver.server import admin_tool, read_tool, write_tool
from mcpserver.upstream import InfinityApi


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
    return await api.get(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )


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
    """Change a folder. attribute_ids and settings replace the old ones whole: read them first."""
    folder = changes(
        name=name,
        color=color,
        parent_id=parent_id,
        attribute_ids=attribute_ids,
        sort_order=sort_order,
        settings=settings,
    )
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
