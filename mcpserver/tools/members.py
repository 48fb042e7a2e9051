"""Defines the tools for members of workspaces."""

from __future__ import annotations

from mcpserver.content.board_cache import MEMBERS, forget, shown
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import Email, MemberId, Paging, Role, WorkspaceId
from mcpserver.tools._registry import admin_tool, read_tool


@read_tool
async def infinity_list_workspace_members(
    api: InfinityApi, workspace_id: WorkspaceId, paging: Paging
) -> JsonObject:
    """The people of a workspace, with user ids and roles."""
    page = await api.list("workspaces/{ws}/members", paging.query(), ws=workspace_id)
    await shown(MEMBERS, page["data"], workspace_id, whole=paging.is_whole(page))
    return page


@admin_tool()
async def infinity_invite_workspace_member(
    api: InfinityApi, workspace_id: WorkspaceId, email: Email, role: Role = "full-member"
) -> JsonObject:
    """Invite someone to a workspace by e-mail."""
    invitation = {"email": email, "role": role}
    invited = await api.post("workspaces/{ws}/members/invite", invitation, ws=workspace_id)
    await forget(MEMBERS, workspace_id)
    return invited


@admin_tool(idempotent=True)
async def infinity_add_workspace_member(
    api: InfinityApi, workspace_id: WorkspaceId, user_id: MemberId, role: Role = "full-member"
) -> JsonObject:
    """Add an Infinity user to a workspace, or change a member's role."""
    added = await api.put(
        "workspaces/{ws}/members/{user}", {"role": role}, ws=workspace_id, user=user_id
    )
    await forget(MEMBERS, workspace_id)
    return added


@admin_tool(destructive=True, idempotent=True)
async def infinity_remove_workspace_member(
    api: InfinityApi, workspace_id: WorkspaceId, user_id: MemberId
) -> JsonObject:
    """Remove a member from a workspace."""
    removed = await api.delete("workspaces/{ws}/members/{user}", ws=workspace_id, user=user_id)
    await forget(MEMBERS, workspace_id)
    return removed
