"""Thousands of connections that send half a request: security.md 32."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support import (
    PATIENCE_SECONDS,
    PATIENT,
    Server,
    environment,
    free_port,
    running_program,
)

MOST_FILES = 256  # so that 64 connections are the most of each process
FLOOD = 400
HALF = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "


@contextmanager
def server_with_few_files(folder: Path, **env: str) -> Iterator[Server]:
    port = free_port()
    log = folder / "server.log"
    program = ("sh", "-c", f'ulimit -n {MOST_FILES} && exec "$0" manage.py mcp_serve')
    ready, env = f"http://127.0.0.1:{port}/ready", environment(PORT=str(port), **env)
    with running_program(*program, sys.executable, ready_url=ready, log=log, env=env) as process:
        yield Server(port, log, process)


@pytest.mark.parametrize(("workers", "addresses"), [("1", 1), ("2", 100)])
def test_flood_of_half_requests_holds_up_neither_calls_nor_health(
    workers: str, addresses: int, key: str, tmp_path: Path
) -> None:
    with (
        server_with_few_files(tmp_path, WORKERS=workers) as server,
        httpx2.Client(**PATIENT) as kept,
        ExitStack() as stack,
    ):
        health = f"{server.origin}/health"
        assert 200 == kept.get(health).status_code
        for number in range(FLOOD):
            source = (f"127.0.1.{1 + number % addresses}", 0)
            there = ("127.0.0.1", server.port)
            client = socket.create_connection(there, PATIENCE_SECONDS, source)
            stack.enter_context(client).sendall(HALF)
            if number % 100 == 99:
                assert 200 == kept.get(health).status_code
                assert 200 == httpx2.get(health, **PATIENT).status_code
                assert 200 == server.post(key).status_code
        log = server.log.read_text()
    assert 1 <= log.count("the most that are allowed") <= int(workers)
    assert "Too many open files" not in log
