"""SIGTERM ends a server without losing calls, within its time limits."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.conftest import MakeProfile, MakeUser
from tests.production.load import CALL
from tests.production.support import gated_infinity
from tests.support import PATIENCE_SECONDS, PATIENT, Server, eventually, running_server

PING = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_ends_is_not_ready_and_finishes_what_it_began(
    workers: str, make_profile: MakeProfile, make_user: MakeUser, tmp_path: Path
) -> None:
    with (
        gated_infinity() as infinity,
        running_server(tmp_path, WORKERS=workers, DRAIN_SECONDS="6") as server,
        ThreadPoolExecutor() as pool,
    ):
        _, key = make_user(profile=make_profile(base_url=infinity.url))
        call = pool.submit(server.post, key, json=CALL)
        assert infinity.asked.wait(timeout=PATIENCE_SECONDS)

        server.process.terminate()
        ready = f"{server.origin}/ready"
        eventually(lambda: httpx2.get(ready, **PATIENT).status_code == 503)
        assert "shutting down" == httpx2.get(ready, **PATIENT).json()["problem"]
        assert 200 == server.post(key).status_code  # whoever has not noticed is still served
        eventually(lambda: _refuses(server))
        assert not call.done()

        infinity.gate.set()
        assert "ada@example.org" in call.result().text
        assert 0 == server.process.wait(timeout=PATIENCE_SECONDS)


def test_a_connection_made_before_the_end_may_bring_its_request_after(
    key: str, tmp_path: Path
) -> None:
    with (
        running_server(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection,
    ):
        assert 200 == server.post(key).status_code  # so the server knows the other connection too
        server.process.terminate()
        eventually(lambda: _refuses(server))
        head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(PING)}\r\n\r\n"
        connection.sendall((head + kind).encode() + PING)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))  # until the server closes it
        assert answer.startswith(b"HTTP/1.1 200")
        assert 0 == server.process.wait(timeout=30)


def test_a_connection_without_a_request_does_not_hold_the_end_up(
    transactional_db: None, tmp_path: Path
) -> None:
    with (
        running_server(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection,
    ):
        assert 401 == server.post().status_code
        server.process.terminate()
        assert b"" == connection.recv(1)
        assert 0 == server.process.wait(timeout=30)


def test_workers_end_with_a_parent_that_was_killed(key: str, tmp_path: Path) -> None:
    with running_server(tmp_path, WORKERS="2") as server:
        assert 200 == server.post(key).status_code
        server.process.kill()
        eventually(lambda: _refuses(server))
    with running_server(tmp_path, PORT=str(server.port)) as after:
        assert 200 == after.post(key).status_code


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_that_is_repeated_ends_no_drain_and_ctrl_c_does(
    workers: str, make_user: MakeUser, tmp_path: Path
) -> None:
    _, key = make_user()
    with running_server(tmp_path, WORKERS=workers, DRAIN_SECONDS="600") as server:
        ready = f"{server.origin}/ready"
        # One that is still starting would simply end.
        started = "Application startup complete"
        eventually(lambda: server.log.read_text().count(started) == int(workers))
        _signal_all(server, signal.SIGTERM)  # workers get a second one from their parent
        eventually(lambda: httpx2.get(ready, **PATIENT).status_code == 503)
        _signal_all(server, signal.SIGTERM)
        terminated = {"1": 0, "2": 2}[workers]
        eventually(lambda: server.log.read_text().count("Terminated child") == terminated)

        for _ in range(10):  # a connection each: every worker gets some
            assert 503 == httpx2.get(ready, **PATIENT).status_code
            assert 200 == server.post(key).status_code

        _signal_all(server, signal.SIGINT)
        assert 0 == server.process.wait(timeout=PATIENCE_SECONDS)


def _signal_all(server: Server, number: signal.Signals) -> None:
    """To the process and its workers, as systemd and terminals do."""
    pid = server.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (*map(int, workers), pid):
        os.kill(process, number)


def _refuses(server: Server) -> bool:
    """Does the system refuse connections, on which clients would wait for an answer?"""
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    return False
