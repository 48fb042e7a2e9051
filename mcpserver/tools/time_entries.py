"""Defines the tools for time entries."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import (
    AttributeId,
    BoardId,
    Description,
    ItemId,
    Moment,
    TimeEntryId,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.tools._registry import admin_tool, write_tool


@write_tool()
async def infinity_create_time_entry(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    attribute_id: AttributeId,
    started_at: Moment | MISSING | None = MISSING,
    ended_at: Moment | MISSING | None = MISSING,
    description: Description | MISSING | None = MISSING,
) -> JsonObject:
    """Log time in a time-tracking attribute; without ended_at a timer starts. Keep the id: entries
    cannot be listed."""
    entry = given(
        item_id=item_id,
        attribute_id=attribute_id,
        started_at=started_at,
        ended_at=ended_at,
        description=description,
    )
    return await api.post(
        "workspaces/{ws}/boards/{board}/time-tracking", entry, ws=workspace_id, board=board_id
    )


@write_tool(idempotent=True)
async def infinity_update_time_entry(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    time_entry_id: TimeEntryId,
    item_id: ItemId | MISSING = MISSING,
    attribute_id: AttributeId | MISSING = MISSING,
    started_at: Moment | MISSING | None = MISSING,
    ended_at: Moment | MISSING | None = MISSING,
    description: Description | MISSING | None = MISSING,
) -> JsonObject:
    """Change a time entry; ended_at stops a timer. Its item and attribute cannot change."""
    entry = changes(
        item_id=item_id,
        attribute_id=attribute_id,
        started_at=started_at,
        ended_at=ended_at,
        description=description,
    )
    return await api.put(
        "workspaces/{ws}/boards/{board}/time-tracking/{entry}",
        entry,
        ws=workspace_id,
        board=board_id,
        entry=time_entry_id,
    )


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_time_entry(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, time_entry_id: TimeEntryId
) -> JsonObject:
    """Delete a time entry."""
    return await api.delete(
        "workspaces/{ws}/boards/{board}/time-tracking/{entry}",
        ws=workspace_id,
        board=board_id,
        entry=time_entry_id,
    )
