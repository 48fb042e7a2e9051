"""Thousands of connections that send half a request (docs/security.md: connections are limited)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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

MAX_FILES = 256  # so that 64 connections are the most of each process
MAX_CONNECTIONS = MAX_FILES // 4
RESERVE = 32
FLOOD = 400
END = b"Host: localhost\r\n\r\n"
BODY = b"Host: localhost\r\nContent-Length: 1000\r\n\r\na"
CHUNKS = b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
EXPECTED = b"Host: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
HALF = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "


@contextmanager
def server_with_few_files(folder: Path, **env: str) -> Iterator[Server]:
    port = free_port()
    log = folder / "server.log"
    program = ("sh", "-c", f'ulimit -n {MAX_FILES} && exec "$0" manage.py mcp_serve')
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


@pytest.mark.usefixtures("key")  # the database
def test_slow_bodies_do_not_keep_the_places_for_health(tmp_path: Path) -> None:
    with server_with_few_files(tmp_path) as server, ExitStack() as stack:

        def connect(address: str, request: bytes) -> socket.socket:
            there = ("127.0.0.1", server.port)
            client = socket.create_connection(there, PATIENCE_SECONDS, (address, 0))
            stack.enter_context(client).sendall(request)
            return client

        for number in range(MAX_CONNECTIONS):
            kept = connect(f"127.0.1.{1 + number % 8}", b"GET /health HTTP/1.1\r\n" + END)
            assert kept.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert 503 == httpx2.get(f"{server.origin}/", **PATIENT).status_code
        slow = [
            connect("127.0.2.1", b"%s %s HTTP/1.1\r\n" % (method, path) + rest)
            for method in (b"POST", b"GET", b"PUT", b"HEAD", b"OPTIONS")
            for path in (b"/health", b"/health?a=b", b"/mcp", b"/login/")
            for rest in (BODY, CHUNKS, EXPECTED)
        ]
        assert len(slow) > RESERVE
        for client in slow:  # each is answered and closed, though its body has not come
            assert _all_of(client).startswith(b"HTTP/1.1 ")
        assert 200 == httpx2.get(f"{server.origin}/health", **PATIENT).status_code


def _all_of(client: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):  # after the answer, since there was more to read
        while piece := client.recv(65536):
            received += piece
    return received
