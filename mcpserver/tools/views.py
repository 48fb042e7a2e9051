"""Defines the tools for views."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.board_cache import VIEWS, forget, shown
from mcpserver.content.values.merging import merged_settings, read_undamaged
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.tools._params import (
    BoardId,
    FolderId,
    Name,
    Paging,
    Settings,
    SortOrder,
    ViewId,
    ViewType,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


@read_tool
async def infinity_list_views(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    paging: Paging,
    folder_id: FolderId | MISSING = MISSING,
) -> JsonObject:
    """The views of a board or folder. Their filters do not apply to listing items."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/views",
        paging.query(folder_id=folder_id),
        ws=workspace_id,
        board=board_id,
    )
    whole = folder_id is MISSING and paging.is_whole(page)
    await shown(VIEWS, page["data"], workspace_id, board_id, whole=whole)
    return page


@read_tool
async def infinity_get_view(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, view_id: ViewId
) -> JsonObject:
    """One view, with its settings."""
    view = await _view(api, workspace_id, board_id, view_id)
    await shown(VIEWS, [view], workspace_id, board_id)
    return view


@write_tool()
async def infinity_create_view(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    folder_id: FolderId,
    name: Name,
    type: ViewType,
    sort_order: SortOrder | MISSING = MISSING,
    settings: Settings | MISSING = MISSING,
) -> JsonObject:
    """Create a view in a folder."""
    view = given(
        folder_id=folder_id, name=name, type=type, sort_order=sort_order, settings=settings
    )
    created = await api.post(
        "workspaces/{ws}/boards/{board}/views", view, ws=workspace_id, board=board_id
    )
    await forget(VIEWS, workspace_id, board_id)
    return created


@write_tool(idempotent=True)
async def infinity_update_view(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    view_id: ViewId,
    folder_id: FolderId | MISSING = MISSING,
    name: Name | MISSING = MISSING,
    type: ViewType | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
    settings: Settings | MISSING = MISSING,
) -> JsonObject:
    """Change a view. Settings that are not named stay."""
    view = changes(
        folder_id=folder_id, name=name, type=type, sort_order=sort_order, settings=settings
    )
    if "settings" in view:
        known = await read_undamaged(api, _view(api, workspace_id, board_id, view_id))
        view["settings"] = merged_settings(known, view["settings"])
    updated = await api.put(
        "workspaces/{ws}/boards/{board}/views/{view}",
        view,
        ws=workspace_id,
        board=board_id,
        view=view_id,
    )
    await forget(VIEWS, workspace_id, board_id)
    return updated


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_view(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, view_id: ViewId
) -> JsonObject:
    """Delete a view. Its folder's items stay."""
    deleted = await api.delete(
        "workspaces/{ws}/boards/{board}/views/{view}",
        ws=workspace_id,
        board=board_id,
        view=view_id,
    )
    await forget(VIEWS, workspace_id, board_id)
    return deleted


async def _view(api: InfinityClient, workspace_id: str, board_id: str, view_id: str) -> JsonObject:
    return await api.get(
        "workspaces/{ws}/boards/{board}/views/{view}",
        ws=workspace_id,
        board=board_id,
        view=view_id,
    )
