"""Defines the tools for references between items."""

from __future__ import annotations

from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import AttributeId, BoardId, ItemId, ReferenceId, WorkspaceId
from mcpserver.tools._registry import admin_tool, write_tool


@write_tool()
async def infinity_create_reference(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    attribute_id: AttributeId,
    from_item_id: ItemId,
    to_item_id: ItemId,
) -> JsonObject:
    """Link two items by a reference attribute. Keep the id: references cannot be listed."""
    reference = {
        "attribute_id": attribute_id,
        "from_item_id": from_item_id,
        "to_item_id": to_item_id,
    }
    return await api.post(
        "workspaces/{ws}/boards/{board}/references", reference, ws=workspace_id, board=board_id
    )


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_reference(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, reference_id: ReferenceId
) -> JsonObject:
    """Unlink two items; not every version of Infinity's API can."""
    return await api.delete(
        "workspaces/{ws}/boards/{board}/references/{reference}",
        ws=workspace_id,
        board=board_id,
        reference=reference_id,
    )
