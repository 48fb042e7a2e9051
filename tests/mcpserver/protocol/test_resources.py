"""A board can be read as a resource, as its tool describes it."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_types import (
    INVALID_PARAMS,
    TextResourceContents,
)

from tests.conftest import MakeUser
from tests.mcpserver.audit.calls import name as unused_name
from tests.mcpserver.audit.calls import rows_of
from tests.mcpserver.protocol.offers import (
    ask,
    board_address,
    refused,
)
from tests.support import (
    Server,
    eventually,
    text_of,
)


def test_a_resource_is_what_the_tool_says(
    server: Server, key: str, roadmap: dict[str, Any]
) -> None:
    [content] = ask(server, key, lambda c: c.read_resource(board_address(roadmap))).contents
    assert isinstance(content, TextResourceContents)
    assert "text/markdown" == content.mime_type
    assert text_of(server.call(key, "infinity_describe_board", **roadmap)) == content.text


def test_reading_a_resource_is_a_call_in_the_audit_log(
    server: Server, make_user: MakeUser, roadmap: dict[str, Any]
) -> None:
    user = unused_name()
    _, key = make_user(user, "read-only")
    ask(server, key, lambda c: c.read_resource(board_address(roadmap)))
    [row] = eventually(lambda: rows_of(user))
    assert ("infinity_describe_board", "ok", roadmap) == (row.tool, row.outcome, row.targets)
    assert row.requests > 0


def test_a_resource_beyond_the_rights_is_refused_and_recorded(
    server: Server, make_user: MakeUser, roadmap: dict[str, Any]
) -> None:
    user = unused_name()
    _, key = make_user(user, "read-only", allowed_tools=["infinity_get_profile"])
    error = refused(server, key, lambda c: c.read_resource(board_address(roadmap)))
    assert INVALID_PARAMS == error.code
    assert "infinity_describe_board is not among the tools" in str(error)
    [row] = eventually(lambda: rows_of(user))
    assert ("infinity_describe_board", "refused") == (row.tool, row.outcome)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("infinity://workspaces/1", "A board's is infinity://workspaces/WORKSPACE_ID/boards/"),
        ("infinity://workspaces/1/boards/b/items", "There is no such resource"),
        ("file:///etc/passwd", "There is no such resource"),
        (f"infinity://workspaces/{'1' * 9999}/boards/b", ""),
        ("infinity://workspaces/31337/boards/..%2F..%2Fprofile", ""),
        ("infinity://workspaces/31337/boards/nowhere", ""),
        ("infinity://workspaces//boards/", ""),
    ],
)
def test_an_unknown_address_is_told(server: Server, key: str, address: str, told: str) -> None:
    error = refused(server, key, lambda client: client.read_resource(address))
    assert INVALID_PARAMS == error.code
    assert told in str(error)
    assert len(str(error)) <= 4000
