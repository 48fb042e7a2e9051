from __future__ import annotations

from mcpserver.infinity import JsonObject
from mcpserver.params import BoardId, FolderId, Paging, WorkspaceId
from mcpserver.server import read_tool
from mcpserver.upstream import InfinityApi


@read_tool
async def infinity_list_folders(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The folders of a board, sub-folders included (see parent_id)."""
    return await api.list(
        "workspaces/{ws}/boards/{board}/folders", paging.query(), ws=workspace_id, board=board_id
    )


@read_tool
async def infinity_get_folder(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, folder_id: FolderId
) -> JsonObject:
    """One folder, with the attributes it shows."""
    return await api.get(
        "workspaces/{ws}/boards/{board}/folders/{folder}",
        ws=workspace_id,
        board=board_id,
        folder=folder_id,
    )
