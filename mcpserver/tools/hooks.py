"""Defines the tools for webhooks."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import BoardId, Events, HookId, Paging, Url, WorkspaceId, changes
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


@read_tool
async def infinity_list_hooks(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The webhooks of a board, without their secrets."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/hooks", paging.query(), ws=workspace_id, board=board_id
    )
    return {**page, "data": [_without_secret(hook) for hook in page["data"]]}


@write_tool()
async def infinity_create_hook(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, url: Url, events: Events
) -> JsonObject:
    """Have Infinity call a URL on events of a whole board."""
    hook = {"url": url, "events": events}
    return _without_secret(
        await api.post(
            "workspaces/{ws}/boards/{board}/hooks", hook, ws=workspace_id, board=board_id
        )
    )


@write_tool(idempotent=True)
async def infinity_update_hook(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    hook_id: HookId,
    url: Url | MISSING = MISSING,
    events: Events | MISSING = MISSING,
) -> JsonObject:
    """Change a webhook's URL, or its whole list of events."""
    hook = changes(url=url, events=events)
    return _without_secret(
        await api.put(
            "workspaces/{ws}/boards/{board}/hooks/{hook}",
            hook,
            ws=workspace_id,
            board=board_id,
            hook=hook_id,
        )
    )


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_hook(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, hook_id: HookId
) -> JsonObject:
    """Delete a webhook."""
    return _without_secret(
        await api.delete(
            "workspaces/{ws}/boards/{board}/hooks/{hook}",
            ws=workspace_id,
            board=board_id,
            hook=hook_id,
        )
    )


def _without_secret(hook: JsonObject) -> JsonObject:
    """The hook without the secret that signs deliveries, which must not get into transcripts."""
    return {key: value for key, value in hook.items() if key != "secret"}
