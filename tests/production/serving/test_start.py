"""Servers that start at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_of_two_at_one_port_one_serves_and_the_other_says_why_not(
    workers: str, tmp_path: Path
) -> None:
    port = free_port()
    logs = [tmp_path / "first", tmp_path / "second"]
    servers = [_start(log, environment(PORT=str(port), WORKERS=workers)) for log in logs]
    try:
        eventually(lambda: any(server.poll() is not None for server in servers))
        winner, loser = sorted(servers, key=lambda server: server.poll() is not None)
        eventually(lambda: _is_ready(port) or winner.poll() is not None)
        assert (None, 1) == (winner.poll(), loser.poll()), [log.read_text() for log in logs]
        *_, said = logs[servers.index(loser)].read_text().splitlines()
        assert said.startswith(f"CommandError: Cannot listen on 127.0.0.1:{port} (")
        assert "is it running already?" in said
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(timeout=PATIENCE_SECONDS)


def _serve(port: int, database: str, folder: Path) -> subprocess.Popen[bytes]:
    env = environment(DATABASE_URL=database, PORT=str(port))
    return _start(folder / f"{port}.log", env, "--migrate")


def _start(log: Path, env: dict[str, str], *options: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        command = [sys.executable, "manage.py", "mcp_serve", *options]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/ready", verify=PLAIN).is_success
    except httpx2.TransportError:
        return False
