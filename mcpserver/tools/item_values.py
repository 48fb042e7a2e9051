"""Defines the tools that read values of items."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.board_cache import Lists
from mcpserver.content.item_reader import Reader, item_with_values
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import (
    AttributeId,
    BoardId,
    FolderId,
    ItemId,
    Offset,
    Paging,
    WorkspaceId,
)
from mcpserver.tools._registry import read_tool


@read_tool
async def infinity_get_item_values(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, item_id: ItemId
) -> JsonObject:
    """One item's values with attribute names and readable texts: the best way to read it."""
    reader = await Reader.of(Lists(api, workspace_id, board_id))
    item = await item_with_values(api, workspace_id, board_id, item_id)
    (rows,) = await reader.rows([item])
    return {"item_id": item_id, "values": rows}


@read_tool
async def infinity_get_item_attribute_value(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    attribute_id: AttributeId,
    offset: Offset = 0,
) -> JsonObject:
    """One value of an item."""
    lists = Lists(api, workspace_id, board_id)
    attribute = await lists.find_attribute(attribute_id)
    reader = await Reader.of(lists)
    item = await item_with_values(api, workspace_id, board_id, item_id)
    return await reader.row(attribute, item)


@read_tool
async def infinity_list_item_values(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    paging: Paging,
    folder_id: FolderId | MISSING = MISSING,
) -> JsonObject:
    """The values of the items of a board or folder, with attribute names and readable texts."""
    reader = await Reader.of(Lists(api, workspace_id, board_id))
    read = await api.list(
        "workspaces/{ws}/boards/{board}/items",
        paging.query(folder_id=folder_id, expand=["values"]),
        ws=workspace_id,
        board=board_id,
    )
    page = paging.window.shown(read)
    rows = await reader.rows(page["data"])
    items = [
        {"item_id": item["id"], "values": values}
        for item, values in zip(page["data"], rows, strict=True)
    ]
    return {**page, "data": items}
