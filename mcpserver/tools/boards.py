"""Defines the tools for boards."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.addresses import with_address
from mcpserver.content.board_cache import BOARDS, forget, shown
from mcpserver.content.overviews.board import board_overview
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import (
    BoardId,
    Color,
    Description,
    Name,
    Paging,
    UserIds,
    WorkspaceId,
    given,
)
from mcpserver.tools._registry import read_tool, write_tool


@read_tool
async def infinity_list_boards(
    api: InfinityApi, workspace_id: WorkspaceId, paging: Paging
) -> JsonObject:
    """The boards of a workspace."""
    page = await api.list("workspaces/{ws}/boards", paging.query(), ws=workspace_id)
    await shown(BOARDS, page["data"], workspace_id, whole=paging.is_whole(page))
    return page


@read_tool
async def infinity_get_board(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId
) -> JsonObject:
    """One board. To work with its items, describe it."""
    board = await api.get("workspaces/{ws}/boards/{board}", ws=workspace_id, board=board_id)
    await shown(BOARDS, [board], workspace_id)
    return board


@read_tool
async def infinity_describe_board(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId
) -> JsonObject:
    """Attributes with labels, members, folders and views of a board: the one call before
    writing."""
    return await board_overview(api, workspace_id, board_id)


@write_tool()
async def infinity_create_board(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    name: Name,
    description: Description | MISSING | None = MISSING,
    color: Color | MISSING = MISSING,
    user_ids: UserIds | MISSING = MISSING,
) -> JsonObject:
    """Create a board for the members in user_ids. It cannot be deleted here."""
    board = given(name=name, description=description, color=color, user_ids=user_ids)
    created = await api.post("workspaces/{ws}/boards", board, ws=workspace_id)
    await forget(BOARDS, workspace_id)
    return with_address(created, str(created.get("id", "")))
