"""Defines the tools for items."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.board_cache import ATTRIBUTES, Lists, shown
from mcpserver.content.item_reader import item_with_values
from mcpserver.content.item_values import ItemValuesInput, faults_named, item_values
from mcpserver.content.item_writes import item_to_archive, written_item
from mcpserver.content.overviews.item import item_overview
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_record
from mcpserver.tools._params import (
    BoardId,
    FolderId,
    ItemExpand,
    ItemId,
    ItemName,
    ItemTitle,
    Paging,
    ParentItemId,
    SortOrder,
    Values,
    ValuesByName,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


@read_tool
async def infinity_list_items(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    paging: Paging,
    folder_id: FolderId | MISSING = MISSING,
    expand: ItemExpand | MISSING = MISSING,
) -> JsonObject:
    """Items of a board or folder. Titles and values need expand=["values.attribute"]."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/items",
        paging.query(folder_id=folder_id, expand=expand),
        ws=workspace_id,
        board=board_id,
    )
    await _attributes_shown(workspace_id, board_id, page["data"], expand)
    return page


@read_tool
async def infinity_get_item(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    expand: ItemExpand | MISSING = MISSING,
) -> JsonObject:
    """One item. Its title and values need expand=["values.attribute"]."""
    item = await api.get(
        "workspaces/{ws}/boards/{board}/items/{item}",
        given(expand=expand),
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )
    await _attributes_shown(workspace_id, board_id, [item], expand)
    return item


@read_tool
async def infinity_read_item(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, item_id: ItemId
) -> JsonObject:
    """One item as people see it: title, address, readable values, sub-items, latest comments."""
    return await item_overview(api, workspace_id, board_id, item_id)


@write_tool()
async def infinity_create_item(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    folder_id: FolderId,
    parent_id: ParentItemId | MISSING | None = MISSING,
    values: Values | MISSING = MISSING,
    values_by_name: ValuesByName | MISSING = MISSING,
    name: ItemName | MISSING = MISSING,
    title: ItemTitle | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
) -> JsonObject:
    """Create an item in a folder. List the board's attributes first to know its values."""
    lists = Lists(api, workspace_id, board_id)
    written = await item_values(lists, ItemValuesInput(values, values_by_name, name, title))
    item = given(folder_id=folder_id, parent_id=parent_id, sort_order=sort_order, values=written)
    async with faults_named(lists, written):
        made = await api.post(
            "workspaces/{ws}/boards/{board}/items", item, ws=workspace_id, board=board_id
        )
    return await written_item(lists, board_id, made, written)


@write_tool(idempotent=True)
async def infinity_update_item(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    folder_id: FolderId | MISSING = MISSING,
    parent_id: ParentItemId | MISSING | None = MISSING,
    values: Values | MISSING = MISSING,
    values_by_name: ValuesByName | MISSING = MISSING,
    name: ItemName | MISSING = MISSING,
    title: ItemTitle | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
) -> JsonObject:
    """Change an item's values (a list is replaced whole), folder or parent. The rest stays."""
    lists = Lists(api, workspace_id, board_id)
    written = await item_values(lists, ItemValuesInput(values, values_by_name, name, title))
    item = changes(
        folder_id=folder_id, parent_id=parent_id, sort_order=sort_order, values=written or MISSING
    )
    before = await item_with_values(api, workspace_id, board_id, item_id)
    async with faults_named(lists, written):
        updated = await api.put(
            "workspaces/{ws}/boards/{board}/items/{item}",
            item,
            ws=workspace_id,
            board=board_id,
            item=item_id,
        )
    return await written_item(lists, board_id, updated, written, before)


@admin_tool(destructive=True, idempotent=True)
async def infinity_archive_item(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, item_id: ItemId
) -> JsonObject:
    """Move an item to the trash. Only the Infinity app can restore it."""
    before = await item_to_archive(api, workspace_id, board_id, item_id)
    archived = await api.delete(
        "workspaces/{ws}/boards/{board}/items/{item}",
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )
    lists = Lists(api, workspace_id, board_id)
    answer = archived or {"id": item_id, "deleted": True}
    return await written_item(lists, board_id, answer, [], before)


async def _attributes_shown(
    workspace_id: str, board_id: str, items: list[JsonObject], expand: ItemExpand | MISSING
) -> None:
    if expand is MISSING or "values.attribute" not in expand:
        return
    values = (value for item in items for value in item.get("values") or [])
    known = {value["attribute"]["id"]: value["attribute"] for value in values if _is_shown(value)}
    await shown(ATTRIBUTES, list(known.values()), workspace_id, board_id)


def _is_shown(value: JsonObject) -> bool:
    return is_record(value.get("attribute"))
