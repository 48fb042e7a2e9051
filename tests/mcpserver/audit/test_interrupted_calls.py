"""Calls whose client leaves or whose server ends are in the log all the same."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.db import transaction

from mcpserver.audit.models import Outcome, ToolCall
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.audit.calls import (
    NOT_NOTED,
    ask,
    locked_table,
    name,
    only_row_of,
    rename_table,
    rows_of,
)
from tests.support import (
    Infinity,
    Server,
    eventually,
    running_server,
    silent_infinity,
)


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
        server.data(key, "infinity_list_workspaces")
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
