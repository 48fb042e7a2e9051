from __future__ import annotations

from typing import Any

import pytest

from tests.support import Server


@pytest.fixture
def roadmap(server: Server, key: str) -> dict[str, Any]:
    """Where the sandbox's board "Product roadmap" is, as arguments of most tools."""
    workspace = server.data(key, "infinity_list_workspaces")["data"][0]["id"]
    boards = server.data(key, "infinity_list_boards", workspace_id=workspace)["data"]
    board = next(board for board in boards if board["name"] == "Product roadmap")
    return {"workspace_id": str(workspace), "board_id": board["id"]}


@pytest.fixture
def folder_id(server: Server, key: str, roadmap: dict[str, Any]) -> str:
    """The first folder of that board."""
    folders = server.data(key, "infinity_list_folders", **roadmap)["data"]
    return str(folders[0]["id"])
