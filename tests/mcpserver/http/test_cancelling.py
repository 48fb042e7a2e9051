"""A cancelled call stops before its change goes out, and only that call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest

from mcpserver.audit.models import ToolCall
from mcpserver.protocol.errors import CANCELLED
from tests.conftest import MakeProfile, MakeUser
from tests.support import PATIENT, Infinity, Server, eventually, silent_infinity

pytestmark = pytest.mark.any_database


@pytest.fixture
def silent_attributes(infinity: Infinity) -> Iterator[None]:
    """What a write by name reads first has no answer."""

    def choose(fault: str | None) -> None:
        content = {"fault": fault, "path": "*/attributes"} if fault else {"fault": None}
        httpx2.post(f"{infinity.control}/fault", json=content, **PATIENT).raise_for_status()

    choose("no_answer")
    yield
    choose(None)


def name() -> str:
    """A new one for each test: rows of the user of an earlier test may come late."""
    return f"agent-{secrets.token_hex(4)}"


def begun(server: Server, key: str, id: Any, tool: str, **arguments: Any) -> HTTPConnection:
    params = {"name": tool, "arguments": arguments}
    return server.send(key, {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})


def create_item(server: Server, key: str, id: Any) -> HTTPConnection:
    place = {"workspace_id": "31337", "board_id": "Hq7wTz3KfPa", "folder_id": "m4XcVb9RtQe"}
    return begun(server, key, id, "infinity_create_item", **place, values={"Name": "New"})


def cancel(server: Server, key: str, id: Any) -> int:
    params = {"requestId": id, "reason": "The person changed their mind"}
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    return server.post(key, json=message).status_code


def answered(client: HTTPConnection) -> dict[str, Any]:
    with closing(client):
        return dict(json.loads(client.getresponse().read()))


def reads(infinity: Infinity, count: int = 1) -> None:
    """Until so many calls have begun to read."""
    eventually(lambda: len(infinity.requests()) >= count)


@pytest.mark.parametrize("id", [7, "seven", 0, ""])
def test_a_cancelled_call_stops_before_its_change(
    server: Server, make_user: MakeUser, infinity: Infinity, silent_attributes: None, id: Any
) -> None:
    user, key = make_user(name())
    client = create_item(server, key, id)
    reads(infinity)
    assert 202 == cancel(server, key, id)

    answer = answered(client)

    assert (id, CANCELLED) == (answer["id"], answer["error"]["code"])
    assert "nothing was changed" in answer["error"]["message"]
    assert ["GET"] == [request["method"] for request in infinity.requests()]
    [row] = eventually(
        lambda: ToolCall.objects.filter(user=user.name).exclude(outcome="unfinished")
    )
    assert "cancelled" == row.error


def test_a_call_that_reports_progress_stops_too(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        _, key = make_user(profile=make_profile("silent", base_url=url))
        place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa", "parent_item_id": "i"}
        client = begun(server, key, 1, "infinity_list_subitems", **place)
        eventually(lambda: connections)
        cancel(server, key, 1)
        assert CANCELLED == answered(client)["error"]["code"]


def test_other_ids_and_other_callers_stop_nothing(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        _, others = make_user("bob")
        client = create_item(server, key, 7)
        eventually(lambda: connections)
        for sender, id in (
            (others, 7),
            (user.issue_key()[1], 7),
            (key, 8),
            (key, "7"),
            (key, [7]),
        ):
            assert 202 == cancel(server, sender, id)
        assert 202 == server.post(key, json={"jsonrpc": "2.0", "method": CANCEL}).status_code
        assert 1 == ToolCall.objects.filter(user=user.name, outcome="unfinished").count()
        cancel(server, key, 7)
        assert CANCELLED == answered(client)["error"]["code"]


CANCEL = "notifications/cancelled"


def test_of_two_calls_with_one_id_neither_stops(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        first = create_item(server, key, 7)
        second = begun(server, key, 7, "infinity_get_profile")
        eventually(lambda: len(connections) == 2)
        cancel(server, key, 7)
        second.close()
        eventually(lambda: ToolCall.objects.filter(user=user.name, error="cancelled"))
        cancel(server, key, 7)
        assert CANCELLED == answered(first)["error"]["code"]


def test_a_change_that_was_sent_is_not_stopped(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        _, key = make_user(profile=make_profile("silent", base_url=url))
        place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa", "name": "New"}
        client = begun(server, key, 7, "infinity_create_folder", **place)
        eventually(lambda: connections)
        cancel(server, key, 7)
        for connection in connections:
            connection.close()
        text = answered(client)["result"]["content"][0]["text"]
    assert "may or may not have been made" in text
