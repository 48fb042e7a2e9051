"""Defines the tools for comments."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.blank import shows_nothing
from mcpserver.content.conversion import html_of, paragraphs_of
from mcpserver.content.errors import WrongValue
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import (
    BoardId,
    CommentExpand,
    CommentId,
    CommentText,
    ItemId,
    Offset,
    Paging,
    ParentCommentId,
    PlainCommentText,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


async def _html(text: str) -> str:
    """The HTML of a comment. Raises WrongValue for one that would show nothing."""
    html = await html_of(text)
    if shows_nothing(html):
        raise WrongValue("text: shows nothing, and a comment is never emptied; it can be deleted")
    return html


@read_tool
async def infinity_list_comments(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    paging: Paging,
    expand: CommentExpand | MISSING = MISSING,
) -> JsonObject:
    """The comments on an item."""
    return await api.list(
        "workspaces/{ws}/boards/{board}/items/{item}/comments",
        paging.query(expand=expand),
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )


@read_tool
async def infinity_get_comment(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    comment_id: CommentId,
    expand: CommentExpand | MISSING = MISSING,
    offset: Offset = 0,
) -> JsonObject:
    """One comment."""
    return await api.get(
        "workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}",
        given(expand=expand),
        ws=workspace_id,
        board=board_id,
        item=item_id,
        comment=comment_id,
    )


@write_tool()
async def infinity_create_comment(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    text: CommentText,
    parent_id: ParentCommentId | MISSING | None = MISSING,
) -> JsonObject:
    """Comment on an item in Markdown, or reply to a comment."""
    return await api.post(
        "workspaces/{ws}/boards/{board}/items/{item}/comments",
        given(text=await _html(text), parent_id=parent_id),
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )


@write_tool()
async def infinity_add_item_comment(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    comment_text: PlainCommentText,
) -> JsonObject:
    """Comment on an item in plain text: to report, ask or note something without changing it."""
    return await api.post(
        "workspaces/{ws}/boards/{board}/items/{item}/comments",
        {"text": await paragraphs_of(comment_text)},
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )


@write_tool(idempotent=True)
async def infinity_update_comment(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    comment_id: CommentId,
    text: CommentText | MISSING = MISSING,
    parent_id: ParentCommentId | MISSING | None = MISSING,
) -> JsonObject:
    """Change a comment's text, or what it replies to."""
    html = text if text is MISSING else await _html(text)
    return await api.put(
        "workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}",
        changes(text=html, parent_id=parent_id),
        ws=workspace_id,
        board=board_id,
        item=item_id,
        comment=comment_id,
    )


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_comment(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    comment_id: CommentId,
) -> JsonObject:
    """Delete a comment."""
    return await api.delete(
        "workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}",
        ws=workspace_id,
        board=board_id,
        item=item_id,
        comment=comment_id,
    )
