"""Defines the tool that lists workspaces."""

from __future__ import annotations

from mcpserver.content.board_cache import WORKSPACES, shown
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import Paging
from mcpserver.tools._registry import read_tool


@read_tool
async def infinity_list_workspaces(api: InfinityApi, paging: Paging) -> JsonObject:
    """The workspaces you can reach. Start here."""
    page = await api.list("workspaces", paging.query())
    await shown(WORKSPACES, page["data"], whole=paging.is_whole(page))
    return page
