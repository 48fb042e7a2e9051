"""The main job: an agent with a key finds a board, works on an item, and reads it back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.protocol.test_stdio import stdio_environment
from tests.support import ROOT, Infinity, Server, data_of


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    return data_of(await client.call_tool(tool, {"response_format": "json", **arguments}))


async def first(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    return dict((await called(client, tool, **arguments))["data"][0])


async def work(client: Client) -> dict[str, Any]:
    """Create, update and comment on an item like an agent would; return it as read back."""
    workspace = (await first(client, "infinity_list_workspaces"))["id"]
    boards = await called(client, "infinity_list_boards", workspace_id=workspace)
    board = next(b["id"] for b in boards["data"] if b["name"] == "Product roadmap")
    place = {"workspace_id": str(workspace), "board_id": board}
    folder = (await first(client, "infinity_list_folders", **place))["id"]
    new = {"folder_id": folder, "name": "Buy paper", "values_by_name": {"Status": "To do"}}
    created = await called(client, "infinity_create_item", **place, **new)
    item = {**place, "item_id": created["id"]}
    changes = {"values_by_name": {"Status": "Doing", "Assignee": "ada@example.org"}}
    await called(client, "infinity_update_item", **item, **changes)
    await called(client, "infinity_add_item_comment", **item, comment_text="a < b\nand")
    read = await called(client, "infinity_get_item", **item, expand=["values.attribute"])
    comments = (await called(client, "infinity_list_comments", **item))["data"]
    values = {value["attribute"]["name"]: value for value in read["values"]}
    labels = values["Status"]["attribute"]["settings"]["labels"]
    return {
        "title": values["Name"]["data"],
        "assignee": values["Assignee"]["data"],
        "status": [each["name"] for each in labels if each["id"] in values["Status"]["data"]],
        "comments": [comment["text"] for comment in comments],
    }


DONE = {
    "title": "Buy paper",
    "assignee": [4242],
    "status": ["Doing"],
    "comments": ["<p>a &lt; b</p><p>and</p>"],
}


@pytest.mark.parametrize("mode", ["auto", "2026-07-28", "2025-11-25", "2025-06-18"])
@pytest.mark.parametrize("reached", ["in-process", "over HTTP"])
def test_an_agent_does_its_job(
    server: Server,
    make_user: MakeUser,
    make_profile: MakeProfile,
    infinity: Infinity,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    reached: str,
) -> None:
    base_url = "sandbox:" if reached == "in-process" else infinity.url
    _, key = make_user(profile=make_profile("ada", ADA_TOKEN, base_url=base_url))

    async def job() -> dict[str, Any]:
        async with server.connected(key, mode=_mode(mode, monkeypatch)) as client:
            if mode.startswith("2025"):
                assert mode == client.protocol_version
            return await work(client)

    assert DONE == asyncio.run(job())


def _mode(version: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The client's mode for a version; of those with a handshake it offers the newest only."""
    if version in ("auto", "2026-07-28"):
        return version
    monkeypatch.setattr("mcp.client.session.LATEST_HANDSHAKE_VERSION", version)
    return "legacy"


@pytest.mark.parametrize("mode", ["auto", "2025-06-18"])
@pytest.mark.parametrize("reached", ["in-process", "over HTTP"])
def test_an_agent_does_its_job_over_stdio(
    infinity: Infinity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, reached: str
) -> None:
    infinity.reset()
    env = stdio_environment(tmp_path)
    if reached == "over HTTP":
        env["INFINITY_API_BASE_URL"] = infinity.url
    process = StdioServerParameters(
        command=sys.executable, args=["manage.py", "mcp_serve"], cwd=ROOT, env=env
    )

    async def job() -> dict[str, Any]:
        async with Client(process, mode=_mode(mode, monkeypatch)) as client:
            return await work(client)

    assert DONE == asyncio.run(job())


def test_the_protocol_of_2025_06_18_is_spoken(server: Server, key: str) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        },
    }
    result = server.post(key, json=initialize).json()["result"]
    assert "2025-06-18" == result["protocolVersion"]
    assert "infinity-mcp" == result["serverInfo"]["name"]
    assert len(result["instructions"]) <= 1500


@pytest.mark.parametrize(
    "version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]
)
def test_every_protocol_revision_lists_tools(server: Server, key: str, version: str) -> None:
    params: dict[str, Any] = {}
    headers = {"MCP-Protocol-Version": version}
    if version == "2026-07-28":
        headers["Mcp-Method"] = "tools/list"
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
    answer = server.post(key, json=message, headers=headers)
    names = [tool["name"] for tool in answer.json()["result"]["tools"]]
    assert server.tools(key) == names


@pytest.mark.parametrize(
    ("tool", "accept", "answered"),
    [
        ("infinity_list_subitems", "application/json, text/event-stream", "text/event-stream"),
        ("infinity_list_subitems", "application/json", "application/json"),
        # It has no progress to tell, and clients ask for it with every call.
        ("infinity_get_profile", "application/json, text/event-stream", "application/json"),
    ],
)
def test_a_call_gets_events_when_there_is_progress_to_tell(
    server: Server, key: str, tool: str, accept: str, answered: str
) -> None:
    call = {"name": tool, "_meta": {"progressToken": "t"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = server.post(key, json=message, headers={"Accept": accept})
    assert answered in answer.headers["content-type"]
