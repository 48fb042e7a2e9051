"""While the log cannot be written, changes are not made, and no row is lost after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from infinity_mcp.core.async_database import in_thread
from mcpserver.audit import log as audit_log
from mcpserver.audit import records
from mcpserver.audit.log import AuditLog
from mcpserver.audit.models import Outcome, ToolCall
from mcpserver.audit.records import CallRow
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.audit.calls import (
    NOT_NOTED,
    change_of,
    name,
    only_row_of,
    refused_call,
    rows_of,
    without_the_table,
)
from tests.support import (
    Infinity,
    Server,
    eventually,
    running_server,
    silent_infinity,
    text_of,
)


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

    monkeypatch.setattr(audit_log, "in_thread", out_of_threads)
    asyncio.run(run())

    assert 1 == len(rows_of(user))
    [told] = [each for each in caplog.records if each.exc_info]
    assert "Rows of the audit log wait for the database (1 so far)" in told.getMessage()


def test_rows_beyond_the_bound_are_the_newest_and_counted(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    users = [name() for _ in range(5)]
    failed = asyncio.Event()
    monkeypatch.setattr(audit_log, "MAX_KEPT", 3)

    async def run() -> None:
        log = AuditLog()

        async def fail(*_: object) -> None:
            monkeypatch.setattr(audit_log, "in_thread", in_thread)
            for user in users[2:]:  # while the first two are being written
                log.refuse(refused_call(user), "missing_scope")
            failed.set()
            raise OperationalError("away")

        monkeypatch.setattr(audit_log, "in_thread", fail)
        async with log.running():
            for user in users[:2]:
                log.refuse(refused_call(user), "missing_scope")
            await failed.wait()

    asyncio.run(run())

    assert users[:3] == [user for user in users if rows_of(user)]
    assert "Rows of the audit log are lost (2): 3 others wait" in caplog.text


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_is_over(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures, written = 0, asyncio.Event()

    async def fail_at_first(*arguments: Any) -> None:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise OperationalError("away")
        await in_thread(*arguments)
        written.set()

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            log.refuse(refused_call(name()), "missing_scope")
            await written.wait()

    monkeypatch.setattr(audit_log, "in_thread", fail_at_first)
    monkeypatch.setattr(audit_log, "WRITE_SECONDS", 0)
    asyncio.run(run())

    told = [each for each in caplog.messages if "audit log" in each]
    assert [
        "Rows of the audit log wait for the database (1 so far): away",
        "The audit log is written again",
    ] == told


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

    monkeypatch.setattr(audit_log, "in_thread", fail)
    asyncio.run(run())

    assert "Rows of the audit log are lost (4): the server ends" in caplog.text


def test_what_comes_while_the_last_rows_but_it_are_written_is_written_too(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, writing, leaving = name(), asyncio.Event(), asyncio.Event()

    async def slowly(write: Callable[..., None], *records: object) -> None:
        writing.set()
        await leaving.wait()
        await in_thread(write, *records)

    async def run() -> None:
        log = AuditLog()
        async with log.running():
            log.refuse(refused_call(user), "missing_scope")
            await writing.wait()
            log.refuse(refused_call(user), "missing_scope")
            leaving.set()

    monkeypatch.setattr(audit_log, "in_thread", slowly)
    asyncio.run(run())

    assert 2 == len(rows_of(user))


def test_a_change_has_one_row_though_the_answer_to_its_commit_was_lost(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, insert = name(), records.insert

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
            monkeypatch.setattr(records, "insert", insert_and_lose)
            async with log.recorded(change_of(user)):
                pass

    asyncio.run(run())

    assert Outcome.OK == only_row_of(user).outcome
