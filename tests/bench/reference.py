"""What ours is compared with: a bare MCPServer of the SDK, 51 alike tools, plain httpx.

It knows one key and keeps no record; each tool is one upstream call, rendered with json.dumps.
"""

from __future__ import annotations

import json
import os
from typing import Annotated, Any, Literal

import httpx
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import AnyHttpUrl, Field

TOOLS = 51
WorkspaceId = Annotated[str, Field(min_length=1, description="Infinity workspace ID.")]
BoardId = Annotated[str, Field(min_length=1, description="Infinity board ID.")]
Limit = Annotated[int, Field(ge=1, le=100, description="Maximum records to return.")]

client = httpx.AsyncClient(base_url=os.environ["BENCH_UPSTREAM"])


class OneKey(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        if token != os.environ["BENCH_KEY"]:
            return None
        return AccessToken(token=token, client_id="codex", scopes=["infinity:read"])


server = MCPServer(
    "reference",
    version="0",
    token_verifier=OneKey(),
    log_level="WARNING",
    subscriptions=False,
    auth=AuthSettings(
        issuer_url=AnyHttpUrl("http://127.0.0.1"), resource_server_url=None, required_scopes=[]
    ),
)
read_only = ToolAnnotations(read_only_hint=True)


def result(answer: httpx.Response) -> CallToolResult:
    data: dict[str, Any] = answer.json()
    text = TextContent(type="text", text=json.dumps(data))
    return CallToolResult(content=[text], structured_content=data)


@server.tool(annotations=read_only)
async def infinity_get_profile() -> CallToolResult:
    """Get the profile."""
    return result(await client.get("/profile"))


@server.tool()
async def infinity_create_folder(
    workspace_id: WorkspaceId, board_id: BoardId, name: str
) -> CallToolResult:
    """Create a folder in a board."""
    path = f"/workspaces/{workspace_id}/boards/{board_id}/folders"
    return result(await client.post(path, json={"name": name}))


def add_list_tool(name: str) -> None:
    async def list_tool(
        workspace_id: WorkspaceId,
        board_id: BoardId,
        limit: Limit = 50,
        after: str | None = None,
        before: str | None = None,
        sort_by: Literal["id", "created_at"] | None = None,
        response_format: Literal["markdown", "json"] = "markdown",
    ) -> CallToolResult:
        """List items in a board, optionally filtered. Use cursors for pagination."""
        path = f"/workspaces/{workspace_id}/boards/{board_id}/items"
        return result(await client.get(path, params={"limit": limit}))

    list_tool.__name__ = name
    server.tool(annotations=read_only)(list_tool)


add_list_tool("infinity_list_items")
for number in range(TOOLS - 3):
    add_list_tool(f"infinity_list_{number}")
app = server.streamable_http_app(json_response=True, stateless_http=True)
