from __future__ import annotations

from mcpserver.infinity import JsonObject
from mcpserver.params import Paging
from mcpserver.server import read_tool
from mcpserver.upstream import InfinityApi


@read_tool
async def infinity_list_workspaces(api: InfinityApi, paging: Paging) -> JsonObject:
    """The workspaces you can reach. Start here: every other tool needs a workspace id."""
    return await api.list("workspaces", paging.query())
