"""A folder for data that is full: security.md 33."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.production.load import CALL
from tests.production.test_outages import get, installed
from tests.support import Server, environment, eventually, free_port, running_program, text_of

pytestmark = pytest.mark.any_database

READS = 5
PROBLEM = {"ok": False, "problem": "the database cannot be written"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("needs root, who may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    filling = folder / "filling"
    with filling.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 1024)
    try:
        yield
    finally:
        filling.unlink()


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
    small_disk: Path, tmp_path: Path
) -> None:
    file = small_disk / "infinity-mcp.sqlite3"
    url = f"sqlite:///{file}"
    key = installed(url, tmp_path)

    def change(server: Server) -> str:
        place = {"workspace_id": "1", "board_id": "b"}
        return text_of(server.call(key, "infinity_create_folder", **place, name="Plans"))

    with closing(sqlite3.connect(file)) as holder:  # so that its index in memory stays
        holder.execute("SELECT count(*) FROM mcpserver_toolcall").fetchall()
        with serving(tmp_path, url) as server:
            assert {"ok": True} == get(server, "/ready").json()
            with filled(small_disk):
                eventually(lambda: get(server, "/ready").json() == PROBLEM)
                assert 503 == get(server, "/ready").status_code
                assert "Nothing was done" in change(server)
                for _ in range(READS):
                    assert 200 == server.post(key, json=CALL).status_code
                eventually(lambda: "rows of the audit log wait" in server.log.read_text())
            eventually(lambda: get(server, "/ready").json() == {"ok": True})
            assert "Nothing was done" not in change(server)
            eventually(lambda: noted(file) == READS)
            assert 1 == server.log.read_text().count("cannot be written (")
        with filled(small_disk):
            with serving(tmp_path, url) as server:
                assert "cannot be written (" in server.log.read_text()
                assert PROBLEM == get(server, "/ready").json()
                assert 200 == server.post(key, json=CALL).status_code
            assert 0 == server.process.returncode
            assert "1 rows of the audit log are lost" in server.log.read_text()
