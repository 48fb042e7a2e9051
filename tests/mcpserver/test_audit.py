"""The audit log of calls (security.md 27 and 29)."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.db import OperationalError, connection, transaction

from accounts.models import new_key
from credentials.events import EventKind
from mcpserver import audit, rows
from mcpserver.audit import AuditLog
from mcpserver.database import in_thread
from mcpserver.models import Event, Outcome, ToolCall
from mcpserver.rows import CallRow
from mcpserver.server import tool_names
from mcpserver.tally import MOST_SORTS, Sort, Tally
from tests.conftest import MakeProfile, MakeUser
from tests.support import (
    Infinity,
    Server,
    data_of,
    eventually,
    running_server,
    silent_infinity,
    text_of,
    until_too_many,
)

NOT_NOTED = "The end of a call could not be noted yet"


def rows_of(user: str) -> list[ToolCall]:
    return list(ToolCall.objects.filter(user=user))


def only_row_of(user: str) -> ToolCall:
    """The row of the one call of that user, once it is stored."""
    [row] = eventually(lambda: rows_of(user))
    return row


def name() -> str:
    """Of a user whose rows no other test has."""
    return f"user-{secrets.token_hex(6)}"


def test_a_read_is_in_the_log(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name())
    workspaces = data_of(server.call(key, "infinity_list_workspaces"))["data"]

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
    made = data_of(server.call(key, "infinity_create_folder", name="Canary yellow", **roadmap))

    row = only_row_of(user.name)

    assert {**roadmap, "id": made["id"]} == row.targets
    assert (True, Outcome.OK) == (row.changes, row.outcome)
    assert "Canary" not in serializers.serialize("json", [row])


def test_every_tool_is_in_the_log_by_its_name(server: Server, make_user: MakeUser) -> None:
    user, key = make_user(name(), allowed_tools=["infinity_get_profile"])
    for tool in tool_names():
        params = {"name": tool, "arguments": {}}
        server.post(key, json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})

    rows = eventually(
        lambda: found if len(found := rows_of(user.name)) >= len(tool_names()) else []
    )

    assert tool_names() == {row.tool for row in rows}


def test_a_call_says_how_many_requests_it_took(
    server: Server, make_user: MakeUser, infinity: Infinity, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    [folder, *_] = data_of(server.call(key, "infinity_list_folders", **roadmap))["data"]
    before = len(infinity.requests())
    place = {**roadmap, "folder_id": folder["id"]}
    data_of(server.call(key, "infinity_create_item", values={"Name": "A"}, **place))
    sent = len(infinity.requests()) - before

    rows = eventually(lambda: rows_of(user.name) if len(rows_of(user.name)) == 2 else [])
    assert {("infinity_list_folders", 1), ("infinity_create_item", sent)} == {
        (row.tool, row.requests) for row in rows
    }
    assert sent > 1


@pytest.mark.parametrize(
    ("tool", "arguments", "error", "status"),
    [
        ("infinity_list_boards", {"workspace_id": "999999"}, "not_found", 404),
        ("infinity_list_boards", {}, "wrong_arguments", None),
        ("infinity_list_boards", {"workspace_id": "a/b"}, "invalid_identifier", None),
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


def test_a_change_cut_short_by_kill_9_stays_unfinished(
    make_user: MakeUser, make_profile: MakeProfile, tmp_path: Path
) -> None:
    with (
        silent_infinity() as (url, connections),
        running_server(tmp_path) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        arguments = {"workspace_id": "1", "board_id": "LA1dW8i1TTK", "name": "New"}
        under_way = pool.submit(server.call, key, "infinity_create_folder", **arguments)
        eventually(lambda: connections)
        assert Outcome.UNFINISHED == only_row_of(user.name).outcome
        server.process.send_signal(signal.SIGKILL)
        assert under_way.exception()

    row = only_row_of(user.name)

    assert (Outcome.UNFINISHED, None) == (row.outcome, row.duration_ms)
    assert "LA1dW8i1TTK" == row.targets["board_id"]


def ask(server: Server, key: str, tool: str, **arguments: Any) -> HTTPConnection:
    """Calls without waiting for the answer. Closing the connection leaves."""
    params = {"name": tool, "arguments": arguments}
    return server.send(key, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


def test_a_call_whose_client_left_is_in_the_log_as_cancelled(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        arguments = {"workspace_id": "1", "board_id": "LA1dW8i1TTK", "name": "New"}
        client = ask(server, key, "infinity_create_folder", **arguments)
        eventually(lambda: connections)
        client.close()
        [row] = eventually(
            lambda: ToolCall.objects.filter(user=user.name).exclude(outcome="unfinished")
        )

    assert (Outcome.FAILED, "cancelled") == (row.outcome, row.error)


@contextmanager
def locked_table() -> Iterator[None]:
    """Who writes to the log waits until this ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE mcpserver_toolcall IN SHARE MODE")
        yield


def test_a_change_whose_client_left_while_it_was_noted_is_not_made(
    server: Server, make_user: MakeUser, infinity: Infinity, key: str, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    with locked_table():
        client = ask(server, key, "infinity_create_folder", name="New", **roadmap)
        server.call(key, "infinity_get_profile")  # by then the other is under way
        client.close()
        server.call(key, "infinity_get_profile")
        assert 0 == ToolCall.objects.filter(user=user.name, changes=True).count()

    ended = ToolCall.objects.filter(user=user.name, changes=True).exclude(outcome="unfinished")
    [row] = eventually(lambda: ended.all())
    assert (Outcome.FAILED, "cancelled") == (row.outcome, row.error)
    assert "POST" not in [request["method"] for request in infinity.requests()]


def test_the_end_of_a_change_is_noted_though_its_client_left_while_that_failed(
    server: Server, make_user: MakeUser, make_profile: MakeProfile, key: str
) -> None:
    with silent_infinity() as (url, connections):
        user, changing = make_user(name(), profile=make_profile("silent", base_url=url))
        place = {"workspace_id": "1", "board_id": "LA1dW8i1TTK"}
        data_of(server.call(key, "infinity_list_workspaces"))
        failures = server.log.read_text().count(NOT_NOTED)
        client = ask(server, changing, "infinity_create_folder", name="New", **place)
        eventually(lambda: connections)
        with transaction.atomic():  # whoever writes waits until this ends
            rename_table("mcpserver_toolcall", "elsewhere")
            connections[0].close()
            server.call(key, "infinity_list_workspaces")  # by then the end is being noted
            client.close()
            server.call(key, "infinity_list_workspaces")
        try:
            eventually(lambda: server.log.read_text().count(NOT_NOTED) > failures)
        finally:
            rename_table("elsewhere", "mcpserver_toolcall")

    ended = ToolCall.objects.filter(user=user.name).exclude(outcome="unfinished")
    [row] = eventually(lambda: ended.all())
    assert "connection_lost" == row.error


def test_sigterm_leaves_no_call_out(make_user: MakeUser, tmp_path: Path) -> None:
    user, key = make_user(name())
    with running_server(tmp_path) as server:
        for _ in range(20):
            server.call(key, "infinity_get_profile")

    assert 20 == len(rows_of(user.name))


@contextmanager
def without_the_table() -> Iterator[None]:
    """What the server makes of it is what it makes of a database that is away."""
    rename_table("mcpserver_toolcall", "elsewhere")
    try:
        yield
    finally:
        rename_table("elsewhere", "mcpserver_toolcall")


def rename_table(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def test_while_the_log_cannot_be_written_reads_go_on_and_changes_are_not_made(
    server: Server, make_user: MakeUser, infinity: Infinity, key: str, roadmap: dict[str, Any]
) -> None:
    user, key = make_user(name())
    with without_the_table():
        read = server.call(key, "infinity_list_workspaces")
        write = server.call(key, "infinity_create_folder", name="New", **roadmap)
    assert not read.is_error
    assert "Nothing was done: the server cannot write its audit log" in text_of(write)
    assert "POST" not in [request["method"] for request in infinity.requests()]

    assert "infinity_list_workspaces" == only_row_of(user.name).tool


def test_the_end_of_a_change_is_noted_once_that_is_possible(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    with silent_infinity() as (url, connections):
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        arguments = {"workspace_id": "1", "board_id": "LA1dW8i1TTK", "name": "New"}
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(server.call, key, "infinity_create_folder", **arguments)
            eventually(lambda: connections)
            with without_the_table():
                connections[0].close()
                assert call.result().is_error

    eventually(lambda: only_row_of(user.name).outcome == Outcome.FAILED)
    assert "connection_lost" == only_row_of(user.name).error


@pytest.mark.parametrize("while_away", [False, True], ids=["at once", "later"])
def test_a_change_whose_row_is_gone_stops_nothing(
    make_user: MakeUser, make_profile: MakeProfile, key: str, tmp_path: Path, while_away: bool
) -> None:
    """Its end is noted at once, or later, when that was impossible at first."""
    with (
        silent_infinity() as (url, connections),
        running_server(tmp_path) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        user, changing = make_user(name(), profile=make_profile("silent", base_url=url))
        reader, reading = make_user(name())
        place = {"workspace_id": "1", "board_id": "LA1dW8i1TTK"}
        call = pool.submit(server.call, changing, "infinity_create_folder", name="New", **place)
        eventually(lambda: connections)
        eventually(lambda: ToolCall.objects.filter(user=user.name).delete()[0])
        with without_the_table() if while_away else nullcontext():
            connections[0].close()
            assert call.result().is_error
        server.call(reading, "infinity_get_profile")

        assert "infinity_get_profile" == only_row_of(reader.name).tool
        assert while_away == (NOT_NOTED in server.log.read_text())
    assert [] == rows_of(user.name)


def test_a_change_whose_row_is_gone_changes_no_other_row(
    make_user: MakeUser, make_profile: MakeProfile, server: Server
) -> None:
    """Such as the one that has its number since a backup was put back."""
    with silent_infinity() as (url, connections), ThreadPoolExecutor(1) as pool:
        user, key = make_user(name(), profile=make_profile("silent", base_url=url))
        place = {"workspace_id": "1", "board_id": "LA1dW8i1TTK"}
        call = pool.submit(server.call, key, "infinity_create_folder", name="New", **place)
        eventually(lambda: connections)
        ToolCall.objects.filter(user=user.name).update(request_id="another", user="bob")
        connections[0].close()
        assert call.result().is_error

    assert Outcome.UNFINISHED == only_row_of("bob").outcome


def refused_call(user: str) -> CallRow:
    return CallRow(user=user, tool="infinity_get_profile", changes=False)


def test_an_error_that_nobody_foresaw_ends_no_server_and_loses_no_row(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    user, failed = name(), asyncio.Event()

    async def out_of_threads(*_: object) -> None:
        monkeypatch.undo()
        failed.set()
        raise RuntimeError("can't start new thread")

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            log.refuse(refused_call(user), "missing_scope")
            await failed.wait()

    monkeypatch.setattr(audit, "in_thread", out_of_threads)
    asyncio.run(run())

    assert 1 == len(rows_of(user))
    [told] = [each for each in caplog.records if each.exc_info]
    assert "1 rows of the audit log wait" in told.getMessage()


def test_rows_beyond_the_bound_are_the_newest_and_counted(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    users = [name() for _ in range(5)]
    failed = asyncio.Event()
    monkeypatch.setattr(audit, "MOST_KEPT", 3)

    async def run() -> None:
        log = AuditLog()

        async def fail(*_: object) -> None:
            monkeypatch.setattr(audit, "in_thread", in_thread)
            for user in users[2:]:  # while the first two are being written
                log.refuse(refused_call(user), "missing_scope")
            failed.set()
            raise OperationalError("away")

        monkeypatch.setattr(audit, "in_thread", fail)
        async with log.running():
            for user in users[:2]:
                log.refuse(refused_call(user), "missing_scope")
            await failed.wait()

    asyncio.run(run())

    assert users[:3] == [user for user in users if rows_of(user)]
    assert "2 rows of the audit log are lost: 3 others wait" in caplog.text


def test_rows_that_still_wait_when_the_server_ends_are_counted(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise OperationalError("away")

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            for _ in range(4):
                log.refuse(refused_call(name()), "missing_scope")

    monkeypatch.setattr(audit, "in_thread", fail)
    asyncio.run(run())

    assert "4 rows of the audit log are lost: the server ends" in caplog.text


def test_what_comes_while_the_last_rows_but_it_are_written_is_written_too(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, writing, leaving = name(), asyncio.Event(), asyncio.Event()

    async def slowly(write: Callable[..., None], *rows: object) -> None:
        writing.set()
        await leaving.wait()
        await in_thread(write, *rows)

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            log.refuse(refused_call(user), "missing_scope")
            await writing.wait()
            log.refuse(refused_call(user), "missing_scope")
            leaving.set()

    monkeypatch.setattr(audit, "in_thread", slowly)
    asyncio.run(run())

    assert 2 == len(rows_of(user))


def change_of(user: str) -> CallRow:
    return CallRow(user=user, tool="infinity_create_folder", changes=True, request_id=user)


def test_a_change_has_one_row_though_the_answer_to_its_commit_was_lost(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, insert = name(), rows.insert

    def insert_and_lose(call: CallRow) -> None:
        monkeypatch.undo()
        insert(call)
        connection.connection.close()
        call.pk = None
        raise OperationalError("the connection is lost")

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            async with log.recorded(change_of(name())):
                pass  # which opened the connection
            monkeypatch.setattr(rows, "insert", insert_and_lose)
            async with log.recorded(change_of(user)):
                pass

    asyncio.run(run())

    assert Outcome.OK == only_row_of(user).outcome


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


class TestTally:
    def test_tells_the_first_at_once_and_the_others_after_a_minute(self) -> None:
        now = 0.0
        tally = Tally(clock=lambda: now)
        sort = Sort(EventKind.CREDENTIAL_REFUSED, address="192.0.2.1")
        tally.add(sort)
        assert [1] == [event.count for event in tally.due()]
        for _ in range(5):
            tally.add(sort)
        assert [] == tally.due()
        now = 61.0
        assert [5] == [event.count for event in tally.due()]

    def test_counts_together_what_comes_from_too_many_addresses(self) -> None:
        tally = Tally()
        for number in range(MOST_SORTS + 500):
            tally.add(Sort(EventKind.CREDENTIAL_REFUSED, address=f"2001:db8::{number:x}"))
        events = tally.due()
        assert MOST_SORTS + 1 == len(events)
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

    rows = eventually(lambda: [] if len(rows_of(user.name)) < 3 else rows_of(user.name))

    stored = json.dumps(serializers.serialize("json", [*rows, *Event.objects.all()]))
    assert canary not in stored
    assert key not in stored
