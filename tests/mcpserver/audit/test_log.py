"""The audit log of calls (docs/audit.md)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import serializers

from accounts.keys import new_key
from infinity_mcp.core.events import EventKind
from mcpserver.audit.event_counter import MAX_KEYS, EventCounter, EventKey
from mcpserver.audit.models import Event, Outcome
from mcpserver.tools import tool_names
from tests.conftest import MakeUser
from tests.mcpserver.audit.calls import (
    name,
    only_row_of,
    rows_of,
)
from tests.support import (
    Infinity,
    Server,
    eventually,
    running_server,
    until_too_many,
)


def test_a_read_is_in_the_log(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name())
    workspaces = server.data(key, "infinity_list_workspaces")["data"]

    row = only_row_of(user.name)

    assert ("infinity_list_workspaces", False, "ok", "") == (
        row.tool,
        row.changes,
        row.outcome,
        row.error,
    )
    assert workspaces
    assert (user.pk, "key", user.keys.get().pk, "sandbox") == (
        row.user_id,
        row.credential,
        row.credential_id,
        row.profile,
    )
    assert row.duration_ms is not None
    assert 16 == len(row.request_id)


def test_a_change_is_in_the_log_with_what_it_was_about_and_made(
    server: Server, make_user: MakeUser, key: str, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    made = server.data(key, "infinity_create_folder", name="Canary yellow", **roadmap)

    row = only_row_of(user.name)

    assert {**roadmap, "id": made["id"]} == row.targets
    assert (True, Outcome.OK) == (row.changes, row.outcome)
    assert "Canary" not in serializers.serialize("json", [row])


def test_names_are_in_the_log_as_ids(
    server: Server, make_user: MakeUser, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    place = {"workspace_id": "Sandbox Demo Co", "board_id": "Product roadmap"}
    place["attribute_id"] = "Status"
    status = server.data(key, "infinity_update_attribute", **place, name="State")

    assert {**roadmap, "attribute_id": status["id"], "id": status["id"]} == only_row_of(
        user.name
    ).targets


def test_names_of_nothing_are_not_in_the_log(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name())
    place = {"workspace_id": "Canary", "board_id": "canary", "attribute_id": "Canary yellow"}
    assert server.call(key, "infinity_delete_attribute", **place).is_error

    assert dict.fromkeys(place, "?") == only_row_of(user.name).targets


def test_every_tool_is_in_the_log_by_its_name(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name(), allowed_tools=["infinity_get_profile"])
    for tool in tool_names():
        params = {"name": tool, "arguments": {}}
        server.post(key, json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})

    records = eventually(
        lambda: found if len(found := rows_of(user.name)) >= len(tool_names()) else []
    )

    assert tool_names() == {row.tool for row in records}


def test_a_call_says_how_many_requests_it_took(
    server: Server, make_user: MakeUser, infinity: Infinity, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    [folder, *_] = server.data(key, "infinity_list_folders", **roadmap)["data"]
    before = len(infinity.requests())
    place = {**roadmap, "folder_id": folder["id"]}
    server.data(key, "infinity_create_item", values={"Name": "A"}, **place)
    sent = len(infinity.requests()) - before

    records = eventually(lambda: rows_of(user.name) if len(rows_of(user.name)) == 2 else [])
    assert {("infinity_list_folders", 1), ("infinity_create_item", sent)} == {
        (row.tool, row.requests) for row in records
    }
    assert sent > 1


@pytest.mark.parametrize(
    ("tool", "arguments", "error", "status"),
    [
        ("infinity_list_boards", {"workspace_id": "999999"}, "not_found", 404),
        ("infinity_list_boards", {}, "wrong_arguments", None),
        ("infinity_list_boards", {"workspace_id": "a/b"}, "wrong_arguments", None),
        (
            "infinity_get_board",
            {"workspace_id": "1/2", "board_id": "Hq7wTz3KfPa"},
            "wrong_arguments",
            None,
        ),
        (
            "infinity_delete_hook",
            {"workspace_id": "31337", "board_id": "Hq7wTz3KfPa", "hook_id": "a/b"},
            "invalid_identifier",
            None,
        ),
    ],
)
def test_a_failure_says_of_which_kind(
    server: Server,
    make_user: MakeUser,
    tool: str,
    arguments: dict[str, Any],
    error: str,
    status: int | None,
) -> None:
    user, key = make_user(name())
    assert server.call(key, tool, **arguments).is_error

    row = only_row_of(user.name)

    assert (Outcome.FAILED, error, status) == (row.outcome, row.error, row.upstream_status)


@pytest.mark.parametrize(
    ("tool", "fields", "why"),
    [
        ("infinity_create_folder", {}, "missing_scope"),
        ("infinity_list_boards", {"allowed_tools": ["infinity_get_profile"]}, "tool_not_allowed"),
        ("infinity_list_secrets", {}, "unknown_tool"),
    ],
)
def test_a_call_beyond_the_callers_rights_is_in_the_log(
    server: Server, make_user: MakeUser, tool: str, fields: dict[str, Any], why: str
) -> None:
    user, key = make_user(name(), access="read-only", **fields)
    assert server.call(key, tool).is_error

    row = only_row_of(user.name)

    assert (tool, Outcome.REFUSED, why) == (row.tool, row.outcome, row.error)


def test_arguments_that_are_no_ids_are_not_kept(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name())
    secret = secrets.token_urlsafe(40)
    assert server.call(key, "infinity_list_boards", workspace_id=secret).is_error

    assert {"workspace_id": "?"} == only_row_of(user.name).targets


@pytest.mark.parametrize("tool", ["infinity_x\nforged", new_key()], ids=["line break", "key"])
def test_what_is_no_name_of_a_tool_is_not_kept(
    server: Server, make_user: MakeUser, tool: str
) -> None:
    """It may forge a line, or be a secret by mistake."""
    user, key = make_user(name())
    server.call(key, tool)

    assert "?" == only_row_of(user.name).tool


@pytest.fixture(scope="module")
def strict(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that throttles soon."""
    folder = tmp_path_factory.mktemp("strict")
    with running_server(folder, MCP_REQUESTS_PER_MINUTE="30") as running:
        yield running


def test_a_flood_of_wrong_keys_writes_few_rows(transactional_db: None, strict: Server) -> None:
    for number in range(100):
        strict.post(f"mcp_wrong-{number}")

    here = Event.objects.filter(address="127.0.0.1")
    eventually(lambda: here.filter(kind=EventKind.THROTTLED).exists())
    # One or two, and what the servers of other tests wrote late.
    assert 1 <= here.filter(kind=EventKind.CREDENTIAL_REFUSED).count() <= 10


def test_a_throttled_user_is_in_the_log(make_user: MakeUser, strict: Server) -> None:
    user, key = make_user(name())
    until_too_many(lambda: strict.post(key))

    throttled = Event.objects.filter(kind=EventKind.THROTTLED)
    [event] = eventually(lambda: throttled.filter(subject=f"MCP user {user.name}"))
    assert "30 requests a minute" in event.detail


@pytest.mark.parametrize(
    ("headers", "why"),
    [({"Origin": "https://evil.example"}, "origin"), ({"Host": "evil.example"}, "host name")],
)
def test_a_live_key_from_a_wrong_place_is_in_the_log(
    server: Server, make_user: MakeUser, headers: dict[str, str], why: str
) -> None:
    user, key = make_user(name())
    assert server.post(key, headers=headers).status_code in (403, 421)

    refused = Event.objects.filter(kind=EventKind.ACCESS_REFUSED)
    [event] = eventually(lambda: refused.filter(subject=f"MCP user {user.name}"))
    assert why in event.detail


class TestEventCounter:
    def test_tells_the_first_at_once_and_the_others_after_a_minute(self) -> None:
        now = 0.0
        tally = EventCounter(clock=lambda: now)
        sort = EventKey(EventKind.CREDENTIAL_REFUSED, address="192.0.2.1")
        tally.add(sort)
        assert [1] == [event.count for event in tally.due()]
        for _ in range(5):
            tally.add(sort)
        assert [] == tally.due()
        now = 61.0
        assert [5] == [event.count for event in tally.due()]

    def test_counts_together_what_comes_from_too_many_addresses(self) -> None:
        tally = EventCounter()
        for number in range(MAX_KEYS + 500):
            tally.add(EventKey(EventKind.CREDENTIAL_REFUSED, address=f"2001:db8::{number:x}"))
        events = tally.due()
        assert MAX_KEYS + 1 == len(events)
        assert 500 == events[-1].count
        assert "" == events[-1].address


def test_no_secret_or_value_is_in_the_log(
    server: Server, make_user: MakeUser, key: str, roadmap: dict[str, Any], folder_id: str
) -> None:
    canary = f"canary{secrets.token_hex(8)}"
    user, key = make_user(name())
    server.call(
        key, "infinity_create_item", folder_id=folder_id, values_by_name={canary: 1}, **roadmap
    )
    server.call(key, "infinity_create_folder", name=canary, **roadmap)
    server.call(key, "infinity_get_item", item_id=f"{canary} {key}", **roadmap)

    records = eventually(lambda: [] if len(rows_of(user.name)) < 3 else rows_of(user.name))

    stored = json.dumps(serializers.serialize("json", [*records, *Event.objects.all()]))
    assert canary not in stored
    assert key not in stored
