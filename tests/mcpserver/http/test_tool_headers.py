"""X-MCP-Toolsets and X-MCP-Tools narrow what one connection sees and may call."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx2
import pytest

from infinity_mcp.middleware import RequestIdMiddleware
from mcpserver.audit.models import Outcome
from mcpserver.http import app
from mcpserver.tools import core_tools, tool_names, toolsets
from tests.conftest import MakeUser
from tests.mcpserver.audit.calls import name, only_row_of
from tests.support import PATIENT, ROOT, Server

Pairs = list[tuple[str, str]]


def listed(server: Server, key: str, headers: Pairs) -> set[str]:
    return {tool["name"] for tool in ask(server, key, headers, "tools/list")["tools"]}


def ask(server: Server, key: str, headers: Pairs, method: str, **params: Any) -> dict[str, Any]:
    """The result of a request with these headers, some of which may be repeated."""
    answer = send(server, key, headers, {"method": method, "params": params})
    assert 200 == answer.status_code, answer.text
    return dict(answer.json()["result"])


def send(server: Server, key: str, headers: Pairs, message: dict[str, Any]) -> httpx2.Response:
    sent = [("Authorization", f"Bearer {key}"), ("Accept", "application/json"), *headers]
    with httpx2.Client(**PATIENT) as client:
        message = {"jsonrpc": "2.0", "id": 1, **message}
        return client.post(server.url, headers=sent, json=message)


def of(*resources: str) -> set[str]:
    return set().union(*(toolsets()[each] for each in resources))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], tool_names()),
        ([("X-MCP-Toolsets", "all")], tool_names()),
        ([("X-MCP-Toolsets", "core")], core_tools()),
        ([("X-MCP-Toolsets", "items, comments")], of("items", "comments")),
        ([("x-mcp-toolsets", "Items ,,COMMENTS,items")], of("items", "comments")),
        ([("X-MCP-Toolsets", "items"), ("X-MCP-Toolsets", "comments")], of("items", "comments")),
        (
            [("X-MCP-Tools", "get_item,infinity_get_board")],
            {"infinity_get_item", "infinity_get_board"},
        ),
        (
            [("X-MCP-Tools", "get_item"), ("X-MCP-Tools", "get_board")],
            {"infinity_get_item", "infinity_get_board"},
        ),
        (
            [("X-MCP-Toolsets", "profile"), ("X-MCP-Tools", "get_item")],
            {"infinity_get_profile", "infinity_get_item"},
        ),
        ([("X-MCP-Toolsets", ""), ("X-MCP-Tools", ", ,")], tool_names()),
        ([("X-MCP-Toolsets", ""), ("X-MCP-Tools", "get_item")], {"infinity_get_item"}),
        ([("X-MCP-Tools", ",".join(sorted(tool_names())))], tool_names()),
    ],
)
def test_headers_narrow_the_listing(
    server: Server, key: str, headers: Pairs, expected: set[str]
) -> None:
    assert expected == listed(server, key, headers)
    later = [*headers, ("MCP-Protocol-Version", "2025-06-18")]
    assert expected == listed(server, key, later)


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        (
            {"allowed_tools": ["infinity_get_item"]},
            [("X-MCP-Toolsets", "all")],
            {"infinity_get_item"},
        ),
        ({"toolset": "core"}, [("X-MCP-Toolsets", "all")], core_tools()),
        ({"toolset": "core"}, [("X-MCP-Tools", "list_boards,get_item")], {"infinity_list_boards"}),
        ({"access": "read-only"}, [("X-MCP-Tools", "get_item,create_item")], {"infinity_get_item"}),
        ({"access": "read-only"}, [("X-MCP-Tools", "delete_hook")], set()),
    ],
)
def test_headers_never_widen(
    server: Server, make_user: MakeUser, fields: dict[str, Any], headers: Pairs, expected: set[str]
) -> None:
    _, key = make_user("bob", **fields)

    assert expected == listed(server, key, headers)


def test_two_connections_of_a_key_see_what_each_asks_for(server: Server, key: str) -> None:
    narrow = [("X-MCP-Tools", "get_item")]

    seen = [listed(server, key, headers) for headers in (narrow, [], narrow)]

    assert [{"infinity_get_item"}, tool_names(), {"infinity_get_item"}] == seen


@pytest.mark.parametrize(
    "way",
    [
        [],  # answered without the SDK
        [("MCP-Protocol-Version", "2025-06-18")],
        [("Accept", "text/event-stream")],
    ],
)
def test_call_of_a_tool_that_the_header_leaves_out_is_refused_and_logged(
    server: Server, make_user: MakeUser, way: Pairs
) -> None:
    bob, key = make_user(name())
    headers = [("X-MCP-Toolsets", "boards"), *way]

    result = ask(server, key, headers, "tools/call", name="infinity_get_profile", arguments={})

    [content] = result["content"]
    assert result["isError"]
    assert "infinity_get_profile is left out by a header of this connection" in content["text"]
    assert f"{bob.name} may use it" in content["text"]
    row = only_row_of(bob.name)
    assert (Outcome.REFUSED, "left_out_by_header") == (row.outcome, row.error)


@pytest.mark.parametrize(
    ("fields", "tool", "why"),
    [
        ({"access": "read-only"}, "infinity_create_item", "needs the scope infinity:write"),
        ({"toolset": "core"}, "infinity_delete_hook", "is not among the tools that bob may use"),
        ({}, "infinity_do_magic", "There is no tool"),
    ],
)
def test_what_the_user_may_not_use_at_all_is_not_blamed_on_the_header(
    server: Server, make_user: MakeUser, fields: dict[str, Any], tool: str, why: str
) -> None:
    _, key = make_user("bob", **fields)
    headers = [("X-MCP-Toolsets", "boards")]

    result = ask(server, key, headers, "tools/call", name=tool, arguments={})

    assert why in result["content"][0]["text"]


def test_body_that_arrives_late_does_not_undo_the_header(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "REAUTHENTICATE_AFTER_SECONDS", 0.0)  # so that the test need not wait
    headers = {"Authorization": f"Bearer {key}", "X-MCP-Tools": "get_item"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

    async def answer() -> httpx2.Response:
        mcp = app.McpApp()
        transport = httpx2.ASGITransport(RequestIdMiddleware(mcp))
        async with mcp.running(), httpx2.AsyncClient(transport=transport) as client:
            return await client.post("http://127.0.0.1/mcp", json=message, headers=headers)

    tools = asyncio.run(answer()).json()["result"]["tools"]
    assert ["infinity_get_item"] == [tool["name"] for tool in tools]


def test_call_that_the_header_names_works(server: Server, key: str) -> None:
    headers = [("X-MCP-Tools", "get_profile")]

    result = ask(server, key, headers, "tools/call", name="infinity_get_profile", arguments={})

    assert not result["isError"]


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            [("X-MCP-Toolsets", "item")],
            "X-MCP-Toolsets: there is no toolset 'item'. There are: all, core",
        ),
        ([("X-MCP-Toolsets", "items;comments")], "there is no toolset 'items;comments'"),
        ([("X-MCP-Toolsets", "${TOOLSETS}")], "there is no toolset '${toolsets}'"),
        ([("X-MCP-Toolsets", "chosen")], "there is no toolset 'chosen'"),
        ([("X-MCP-Toolsets", "items"), ("X-MCP-Toolsets", "x")], "there is no toolset 'x'"),
        ([("X-MCP-Toolsets", "é")], "there is no toolset"),
        (
            [("X-MCP-Tools", "get_itm")],
            "X-MCP-Tools: There is no tool 'get_itm'. Similar: get_item",
        ),
        ([("X-MCP-Tools", "all")], "There is no tool 'all'"),
        (
            [("X-MCP-Tools", "get_item,qqqqq")],
            "There is no tool 'qqqqq'. There are: add_item_comment",
        ),
        ([("X-MCP-Tools", '["get_item"]')], "There is no tool '[\"get_item\"]'"),
        ([("X-MCP-Tools", "x" * 3_000)], f"There is no tool '{'x' * 80}'"),
        (
            [("X-MCP-Tools", "get_item," * 500)],
            "X-MCP-Tools has 4500 characters; at most 4000 are read",
        ),
        (
            [("X-MCP-Toolsets", "items," * 400)] * 2,
            "X-MCP-Toolsets has 4801 characters; at most 4000",
        ),
    ],
)
def test_wrong_header_is_refused_with_the_candidates(
    server: Server, key: str, headers: Pairs, text: str
) -> None:
    encoded: Any = [(each, value.encode()) for each, value in headers]

    answer = send(server, key, encoded, {"method": "tools/list"})

    error = answer.json()["error"]
    assert 400 == answer.status_code
    assert text in error["message"]
    assert "request_id" in error["data"]
    assert 200 == server.post(key).status_code


def test_documentation_lists_every_toolset() -> None:
    page = (ROOT / "docs/clients.md").read_text()
    [row] = [line for line in page.splitlines() if line.startswith("| `X-MCP-Toolsets`")]

    assert list(toolsets()) == re.findall(r"`(\w+)`", row)


def test_stranger_learns_nothing_of_tools_from_a_wrong_header(server: Server) -> None:
    answer = server.post("mcp_wrong", headers={"X-MCP-Tools": "no_such_tool"})

    assert 401 == answer.status_code
    assert "no_such_tool" not in answer.text


def test_browser_may_send_the_headers(server: Server) -> None:
    wanted = {"Origin": "http://localhost:6274", "Access-Control-Request-Method": "POST"}

    answer = httpx2.options(
        server.url,
        **PATIENT,
        headers={**wanted, "Access-Control-Request-Headers": "x-mcp-toolsets,x-mcp-tools"},
    )

    assert 200 == answer.status_code
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "x-mcp-toolsets" in allowed and "x-mcp-tools" in allowed
