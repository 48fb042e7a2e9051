"""Defines the tool that returns the token's user."""

from __future__ import annotations

from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._registry import read_tool


@read_tool
async def infinity_get_profile(api: InfinityApi) -> JsonObject:
    """The Infinity account this connection acts as; a check that the connection works."""
    return await api.get("profile")
