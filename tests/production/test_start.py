"""Servers that start at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2

from tests.production.support import own_postgres
from tests.support import PATIENCE_SECONDS, PLAIN, ROOT, environment, eventually, free_port


def test_three_that_migrate_an_empty_postgresql_at_once_all_serve(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    with own_postgres() as postgres:
        servers = [_serve(port, postgres.url, tmp_path) for port in ports]
        try:
            eventually(
                lambda: all(map(_is_ready, ports)) or any(server.poll() for server in servers)
            )
            assert [None] * 3 == [server.poll() for server in servers], [
                log.read_text() for log in tmp_path.glob("*.log")
            ]
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait(timeout=PATIENCE_SECONDS)


def _serve(port: int, database: str, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{port}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "manage.py", "mcp_serve", "--migrate"],
            cwd=ROOT,
            env=environment(DATABASE_URL=database, PORT=str(port)),
            stdout=log,
            stderr=log,
        )


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/ready", verify=PLAIN).is_success
    except httpx2.TransportError:
        return False
