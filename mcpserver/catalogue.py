"""What names stand for: the attributes of a board and the members of a workspace.

Each is read at most once a minute for a board or workspace and MCP user, and kept in Django's cache
under that user, so that nobody is shown what only another may see.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakValueDictionary

from django.core.cache import cache

from mcpserver.auth import current_caller
from mcpserver.infinity import InfinityClient, JsonObject

SECONDS = 60
_reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def attributes(api: InfinityClient, workspace_id: str, board_id: str) -> list[JsonObject]:
    """All attributes of the board."""
    path = "workspaces/{ws}/boards/{board}/attributes"
    return await _kept(
        _attributes_key(workspace_id, board_id),
        lambda: _all(api, path, ws=workspace_id, board=board_id),
    )


async def members(api: InfinityClient, workspace_id: str) -> list[JsonObject]:
    """All members of the workspace."""
    return await _kept(
        _key("members", workspace_id), lambda: _all(api, "workspaces/{ws}/members", ws=workspace_id)
    )


async def forget_attributes(workspace_id: str, board_id: str) -> None:
    """Called when this user has changed an attribute of the board."""
    await cache.adelete(_attributes_key(workspace_id, board_id))


def _attributes_key(workspace_id: str, board_id: str) -> str:
    return _key("attributes", workspace_id, board_id)


def _key(*parts: str) -> str:
    caller = current_caller()
    whole = "\0".join((caller.credential, caller.user, caller.profile.id, *parts))
    return f"catalogue:{hashlib.sha256(whole.encode()).hexdigest()}"


async def _kept(
    key: str, read: Callable[[], Coroutine[Any, Any, list[JsonObject]]]
) -> list[JsonObject]:
    async with _reading.setdefault(key, asyncio.Lock()):  # calls at the same time read it once
        known: list[JsonObject] | None = await cache.aget(key)
        if known is None:
            known = await read()
            await cache.aset(key, known, SECONDS)
    return known


async def _all(api: InfinityClient, path: str, **ids: str) -> list[JsonObject]:
    return [record async for record in api.walk(path, **ids)]
