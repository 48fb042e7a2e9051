from __future__ import annotations

from mcpserver.infinity import JsonObject
from mcpserver.server import read_tool
from mcpserver.upstream import InfinityApi


@read_tool
async def infinity_get_profile(api: InfinityApi) -> JsonObject:
    """Whose Infinity account this connection acts as. Use it to check that the connection works."""
    return await api.get("profile")
