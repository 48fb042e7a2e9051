"""A server whose disk for data is full."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.disks import filled, small_disk
from tests.production.failures.test_outages import get, installed
from tests.production.load import CALL
from tests.support import Server, environment, eventually, free_port, running_program, text_of

pytestmark = pytest.mark.any_database

READS = 5
PROBLEM = {"ok": False, "problem": "the database cannot be written"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "data") as folder:
        yield folder


@contextmanager
def serving(folder: Path, url: str) -> Iterator[Server]:
    """Not necessarily ready."""
    port = free_port()
    env = environment(DATABASE_URL=url, PORT=str(port))
    program = (sys.executable, "manage.py", "mcp_serve")
    health, log = f"http://127.0.0.1:{port}/health", folder / f"{port}.log"
    with running_program(*program, ready_url=health, log=log, env=env) as process:
        yield Server(port, log, process)


def noted(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        counted = "SELECT count(*) FROM mcpserver_toolcall WHERE tool = 'infinity_get_profile'"
        return int(connection.execute(counted).fetchone()[0])


def test_full_disk_is_told_costs_changes_only_and_no_row_once_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    file = disk / "infinity-mcp.sqlite3"
    url = f"sqlite:///{file}"
    key = installed(url, tmp_path)

    def change(server: Server) -> str:
        place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
        return text_of(server.call(key, "infinity_create_folder", **place, name="Plans"))

    with closing(sqlite3.connect(file)) as holder:  # so that its index in memory stays
        holder.execute("SELECT count(*) FROM mcpserver_toolcall").fetchall()
        with serving(tmp_path, url) as server:
            assert {"ok": True} == get(server, "/ready").json()
            with filled(disk):
                eventually(lambda: get(server, "/ready").json() == PROBLEM)
                assert 503 == get(server, "/ready").status_code
                assert "Nothing was done" in change(server)
                for _ in range(READS):
                    assert 200 == server.post(key, json=CALL).status_code
                eventually(lambda: "Rows of the audit log wait" in server.log.read_text())
            eventually(lambda: get(server, "/ready").json() == {"ok": True})
            assert "Nothing was done" not in change(server)
            eventually(lambda: noted(file) == READS)
            assert 1 == server.log.read_text().count("cannot be written (")
        with filled(disk):
            with serving(tmp_path, url) as server:
                assert "cannot be written (" in server.log.read_text()
                assert PROBLEM == get(server, "/ready").json()
                assert 200 == server.post(key, json=CALL).status_code
            assert 0 == server.process.returncode
            assert "Rows of the audit log are lost (1)" in server.log.read_text()
