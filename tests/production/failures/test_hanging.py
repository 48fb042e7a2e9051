"""A database that accepts connections but does not answer (docs/scaling.md)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.production.failures.test_outages import assert_unavailable, get, installed
from tests.production.load import CALL
from tests.production.support import Postgres, own_postgres
from tests.support import Server, eventually, running_infinity, running_server, text_of

GRACE_SECONDS = 60  # docs/scaling.md; Compose and systemd wait ten more, and kill
MANY = 6  # more than there are idle connections
MANY_CHANGES = 130  # more than the audit log notes together


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """The audit log, as by a migration that takes long."""
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE mcpserver_toolcall IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()


def inserts(postgres: Postgres) -> int:
    """How many are under way."""
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT%'"
        ).fetchone()
    assert row
    return int(row[0])


def end(server: Server) -> int:
    server.process.terminate()
    return server.process.wait(timeout=GRACE_SECONDS)


def test_a_change_that_cannot_be_noted_in_time_is_refused_and_holds_up_no_end(
    tmp_path: Path,
) -> None:
    with own_postgres() as postgres, running_infinity(tmp_path) as infinity:
        key = installed(postgres.url, tmp_path, base_url=infinity.url)
        env = {"DATABASE_URL": postgres.url, "WORKERS": "2"}
        with running_server(tmp_path, **env) as server:
            board = board_of(server, key)
            infinity.reset()
            with locked(postgres.url):
                refused = server.call(key, "infinity_create_folder", **board, name="Plans")
                assert "Nothing was done" in text_of(refused)
                assert [] == infinity.requests()
                eventually(lambda: inserts(postgres) == 0)  # nor will it be noted later

                assert 200 == server.post(key, json=CALL).status_code  # needs no row beforehand
                assert 0 == end(server)
                assert "Rows of the audit log are lost" in server.log.read_text()
                eventually(lambda: postgres.connections() == 1)  # the one with the lock
        with psycopg.connect(postgres.url) as connection:
            noted = "SELECT FROM mcpserver_toolcall WHERE tool = 'infinity_create_folder'"
            assert [] == connection.execute(noted).fetchall()


def board_of(server: Server, key: str) -> dict[str, Any]:
    workspace = server.data(key, "infinity_list_workspaces")["data"][0]["id"]
    boards = server.data(key, "infinity_list_boards", workspace_id=workspace)
    return {"workspace_id": workspace, "board_id": boards["data"][0]["id"]}


@pytest.mark.any_database
def test_locked_sqlite_refuses_many_changes_together_and_holds_up_no_end(tmp_path: Path) -> None:
    file = tmp_path / "locked.sqlite3"
    url = f"sqlite:///{file}"
    key = installed(url, tmp_path)
    place = {"workspace_id": 1, "board_id": "Hq7wTz3KfPa", "name": "Plans"}
    change = {**CALL, "params": {"name": "infinity_create_folder", "arguments": place}}
    env = {"DATABASE_URL": url, "MCP_CONCURRENT_REQUESTS": "200"}
    with (
        running_server(tmp_path, **env) as server,
        ThreadPoolExecutor(MANY_CHANGES) as pool,
        closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as holder,
    ):
        holder.execute("BEGIN IMMEDIATE")
        changes = [pool.submit(server.post, key, json=change) for _ in range(MANY_CHANGES)]
        assert all("Nothing was done" in each.result().text for each in changes)
        changes = [pool.submit(server.post, key, json=change) for _ in range(MANY_CHANGES)]
        eventually(lambda: any(each.done() for each in changes))
        assert 0 == end(server)
        assert "Rows of the audit log are lost" not in server.log.read_text()


def test_while_the_database_is_stuck_the_server_says_so_and_can_end(tmp_path: Path) -> None:
    with own_postgres() as postgres:
        key = installed(postgres.url, tmp_path)
        with (
            running_server(tmp_path, DATABASE_URL=postgres.url) as server,
            ThreadPoolExecutor(MANY) as pool,
        ):

            def is_ready(_: int) -> Any:
                return get(server, "/ready").json()

            assert [{"ok": True}] * MANY == list(pool.map(is_ready, range(MANY)))
            with postgres.stuck():
                assert_unavailable(server.post(key))
                away = {"ok": False, "problem": "database"}
                assert [away] * MANY == list(pool.map(is_ready, range(MANY)))
            eventually(lambda: server.post(key).status_code == 200)
            with postgres.stuck():
                assert_unavailable(server.post(key))
                assert 0 == end(server)
