"""Defines the tools for sub-items."""

from __future__ import annotations

from mcp.server.mcpserver import Context
from pydantic import MISSING

from mcpserver.content.board_cache import Lists
from mcpserver.content.errors import WrongValue
from mcpserver.content.filtered_pages import matching
from mcpserver.content.item_values import ItemValuesInput, faults_named, item_values
from mcpserver.content.item_writes import written_item
from mcpserver.content.pages import PAGE_SIZE, Position
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import (
    BoardId,
    FolderId,
    ItemExpand,
    ItemId,
    ItemName,
    ItemTitle,
    Paging,
    SortOrder,
    Values,
    ValuesByName,
    WorkspaceId,
    given,
)
from mcpserver.tools._registry import read_tool, write_tool


@read_tool
async def infinity_list_subitems(
    api: InfinityApi,
    context: Context,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    parent_item_id: ItemId,
    paging: Paging,
    folder_id: FolderId | MISSING = MISSING,
    expand: ItemExpand | MISSING = MISSING,
) -> JsonObject:
    """The sub-items of an item; titles need expand=["values.attribute"]. Reads the whole board
    unless folder_id is given."""
    if paging.before is not MISSING:
        raise WrongValue("Sub-items can be paged forward only: use after, not before.")
    query = given(
        sort_by=paging.sort_by,
        sort_direction=paging.sort_direction,
        folder_id=folder_id,
        expand=expand,
    )

    async def read_page(after: str | None) -> JsonObject:
        return await api.list(
            "workspaces/{ws}/boards/{board}/items",
            {**query, "limit": PAGE_SIZE, "after": after},
            ws=workspace_id,
            board=board_id,
        )

    page = await matching(
        read_page,
        lambda item: item.get("parent_id") == parent_item_id,
        start=_start(paging),
        limit=paging.limit,
        seconds_left=api.seconds_left,
        report=lambda read, found: context.report_progress(
            read, message=f"{read} items read, {found} sub-items found"
        ),
    )
    if not page["data"] and not page["has_more"]:
        # Raises NotFound if there is no such parent item.
        await api.get(
            "workspaces/{ws}/boards/{board}/items/{item}",
            ws=workspace_id,
            board=board_id,
            item=parent_item_id,
        )
    return page


def _start(paging: Paging) -> Position:
    if paging.after in (MISSING, ""):
        return Position()
    position = Position.of(paging.after)
    if position and position.way == "after":
        return position
    raise WrongValue("after is not a cursor of this tool: leave it out to begin at the start.")


@write_tool()
async def infinity_create_subitem(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    folder_id: FolderId,
    parent_item_id: ItemId,
    values: Values | MISSING = MISSING,
    values_by_name: ValuesByName | MISSING = MISSING,
    name: ItemName | MISSING = MISSING,
    title: ItemTitle | MISSING = MISSING,
    sort_order: SortOrder | MISSING = MISSING,
) -> JsonObject:
    """Create a sub-item, in the same folder as its parent."""
    lists = Lists(api, workspace_id, board_id)
    written = await item_values(lists, ItemValuesInput(values, values_by_name, name, title))
    item = given(
        folder_id=folder_id, parent_id=parent_item_id, sort_order=sort_order, values=written
    )
    async with faults_named(lists, written):
        made = await api.post(
            "workspaces/{ws}/boards/{board}/items", item, ws=workspace_id, board=board_id
        )
    return await written_item(lists, board_id, made, written)
