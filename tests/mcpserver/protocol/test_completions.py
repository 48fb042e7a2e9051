"""Arguments are completed with what the caller may list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    PromptReference,
    ResourceTemplateReference,
)

from mcpserver.sandbox import CAROL_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.audit.calls import name as unused_name
from tests.mcpserver.audit.calls import rows_of
from tests.mcpserver.protocol.offers import (
    BOARD,
    REPORT,
    TRIAGE,
    WORKSPACE,
    ask,
    board_address,
    completed,
    refused,
)
from tests.support import (
    Infinity,
    Server,
    eventually,
    running_server,
    until_too_many,
)


def test_arguments_of_prompts_complete_by_name(
    server: Server, key: str, folder_id: str, roadmap: dict[str, Any]
) -> None:
    [workspace] = completed(server, key, TRIAGE, "workspace", "sandbox d")
    assert "Sandbox Demo Co" == workspace
    assert ["Product roadmap"] == completed(
        server, key, TRIAGE, "board", "PRODUCT", workspace=workspace
    )
    found = completed(server, key, TRIAGE, "folder", workspace=workspace, board="Product roadmap")
    assert len(found) > 1
    assert [found[0]] == completed(
        server, key, TRIAGE, "folder", folder_id[:6], workspace=WORKSPACE, board=roadmap["board_id"]
    )


def test_addresses_complete_by_id(server: Server, key: str, roadmap: dict[str, Any]) -> None:
    assert [WORKSPACE] == completed(server, key, BOARD, "ws", "sandbox demo")
    assert [WORKSPACE] == completed(server, key, BOARD, "ws", "313")
    assert [roadmap["board_id"]] == completed(server, key, BOARD, "board", "prod", ws=WORKSPACE)


def test_completions_count_against_the_limit_of_requests(
    tmp_path: Path, make_user: MakeUser
) -> None:
    _, key = make_user()
    ref = {"type": "ref/prompt", "name": "my_day"}
    params = {"ref": ref, "argument": {"name": "workspace", "value": "s"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "completion/complete", "params": params}
    with running_server(tmp_path, MCP_REQUESTS_PER_MINUTE="30") as limited:
        refusal = until_too_many(lambda: limited.post(key, json=message))
    assert "retry-after" in refusal.headers


def test_what_cannot_be_completed_yet_gets_nothing(server: Server, key: str) -> None:
    assert [] == completed(server, key, TRIAGE, "board")
    assert [] == completed(server, key, TRIAGE, "board", workspace=" ")
    assert [] == completed(server, key, TRIAGE, "folder", workspace=WORKSPACE)
    assert [] == completed(server, key, TRIAGE, "workspace", "no such name")
    assert [] == completed(server, key, TRIAGE, "workspace", "x" * 100_000)
    item = PromptReference(name="write_up_item")
    assert [] == completed(server, key, item, "item", workspace=WORKSPACE, board="x")


def test_nobody_completes_what_their_profile_does_not_see(
    server: Server, key: str, reader: Callable[..., str], make_profile: MakeProfile
) -> None:
    carol = reader(profile=make_profile("carol", CAROL_TOKEN))
    assert "Sandbox Demo Co" in completed(server, key, REPORT, "workspace")
    assert ["Carol's Sandbox"] == completed(server, carol, REPORT, "workspace")


def test_without_the_right_to_list_nothing_is_completed_and_nothing_asked(
    server: Server, reader: Callable[..., str], infinity: Infinity
) -> None:
    key = reader(allowed_tools=["infinity_describe_board", "infinity_list_items"])
    infinity.reset()
    assert [] == completed(server, key, REPORT, "workspace", "sand")
    assert [] == infinity.requests()


def test_what_is_listed_for_completions_is_kept_and_recorded_once(
    server: Server, make_user: MakeUser, infinity: Infinity
) -> None:
    user = unused_name()
    _, key = make_user(user, "read-only")
    infinity.reset()
    for typed in ("", "s", "sa", "san"):
        assert "Sandbox Demo Co" in completed(server, key, REPORT, "workspace", typed)
    assert ["/api/v2/workspaces"] == [each["path"] for each in infinity.requests()]
    [row] = eventually(lambda: rows_of(user))
    assert "infinity_list_workspaces" == row.tool


def test_at_most_a_hundred_are_sent_and_the_number_is_told(
    server: Server, make_user: MakeUser
) -> None:
    _, key = make_user(unused_name())
    place = {"workspace_id": WORKSPACE}

    async def asked(client: Client) -> Any:
        board = await client.call_tool(
            "infinity_create_board", {**place, "name": "Wide", "response_format": "json"}
        )
        assert board.structured_content
        where = {**place, "board_id": board.structured_content["id"]}
        for number in range(105):
            folder = {**where, "name": f"Part {number}"}
            await client.call_tool("infinity_create_folder", folder)
        context = {"workspace": WORKSPACE, "board": where["board_id"]}
        return await client.complete(TRIAGE, {"name": "folder", "value": "part"}, context)

    found = ask(server, key, asked).completion
    assert (100, 105, True) == (len(found.values), found.total, found.has_more)


@pytest.mark.parametrize(
    ("ref", "argument", "told"),
    [
        (PromptReference(name="no_such"), "board", "There is no prompt 'no_such'"),
        (TRIAGE, "colour", "There is no argument 'colour'; there are: workspace, board, folder."),
        (ResourceTemplateReference(uri="file:///{x}"), "x", "no such resource template"),
    ],
)
def test_completions_of_what_is_not_there_are_refused(
    server: Server, key: str, ref: Any, argument: str, told: str
) -> None:
    error = refused(server, key, lambda c: c.complete(ref, {"name": argument, "value": ""}))
    assert INVALID_PARAMS == error.code
    assert told in str(error)


def test_a_failing_infinity_is_told_and_not_kept(
    server: Server, reader: Callable[..., str], make_profile: MakeProfile, roadmap: dict[str, Any]
) -> None:
    key = reader(profile=make_profile("wrong", token="not-a-token"))
    for _ in range(2):
        error = refused(
            server, key, lambda c: c.complete(TRIAGE, {"name": "workspace", "value": ""})
        )
        assert INTERNAL_ERROR == error.code
        assert "token" in str(error)
    error = refused(server, key, lambda c: c.read_resource(board_address(roadmap)))
    assert INTERNAL_ERROR == error.code
    assert "token" in str(error)
