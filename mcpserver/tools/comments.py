from __future__ import annotations

from pydantic import MISSING

from mcpserver.infinity import JsonObject
from mcpserver.params import (
    BoardId,
    CommentExpand,
    ItemId,
    Paging,
    PlainCommentText,
    WorkspaceId,
)
from mcpserver.richtext import paragraphs
from mcpserver.server import read_tool, write_tool
from mcpserver.upstream import InfinityApi


@read_tool
async def infinity_list_comments(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    item_id: ItemId,
    paging: Paging,
    expand: CommentExpand | MISSING = MISSING,
) -> JsonObject:
    """The comments on an item. Their text is HTML."""
    return await api.list(
        "workspaces/{ws}/boards/{board}/items/{item}/comments",
        paging.query(expand=expand),
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
    """Add a plain-text comment to an item: to report, ask or note something without changing it."""
    return await api.post(
        "workspaces/{ws}/boards/{board}/items/{item}/comments",
        {"text": paragraphs(comment_text)},
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )
