"""What SIGTERM does: security.md 25."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.conftest import MakeProfile, MakeUser
from tests.production.load import CALL
from tests.production.support import gated_infinity
from tests.support import PLAIN, Server, eventually, running_server


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_ends_is_not_ready_and_finishes_what_it_began(
    workers: str, make_profile: MakeProfile, make_user: MakeUser, tmp_path: Path
) -> None:
    with (
        gated_infinity() as infinity,
        running_server(tmp_path, WORKERS=workers, DRAIN_SECONDS="2") as server,
        ThreadPoolExecutor() as pool,
    ):
        _, key = make_user(profile=make_profile(base_url=infinity.url))
        call = pool.submit(server.post, key, json=CALL, timeout=60)
        infinity.asked.wait(timeout=30)

        server.process.terminate()
        ready = f"{server.origin}/ready"
        eventually(lambda: httpx2.get(ready, verify=PLAIN).status_code == 503)
        assert "shutting down" == httpx2.get(ready, verify=PLAIN).json()["problem"]
        assert 200 == server.post(key).status_code  # whoever has not noticed is still served
        eventually(lambda: _refuses(ready))
        assert not call.done()

        infinity.gate.set()
        assert "ada@example.org" in call.result().text
        assert 0 == server.process.wait(timeout=30)


def test_workers_end_with_a_parent_that_was_killed(key: str, tmp_path: Path) -> None:
    with running_server(tmp_path, WORKERS="2") as server:
        assert 200 == server.post(key).status_code
        server.process.kill()
        eventually(lambda: _refuses(f"{server.origin}/health"))
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
        eventually(lambda: httpx2.get(ready, verify=PLAIN).status_code == 503)
        _signal_all(server, signal.SIGTERM)
        terminated = {"1": 0, "2": 2}[workers]
        eventually(lambda: server.log.read_text().count("Terminated child") == terminated)

        for _ in range(10):  # a connection each: every worker gets some
            assert 503 == httpx2.get(ready, verify=PLAIN).status_code
            assert 200 == server.post(key).status_code

        _signal_all(server, signal.SIGINT)
        assert 0 == server.process.wait(timeout=30)


def _signal_all(server: Server, number: signal.Signals) -> None:
    """To the process and its workers, as systemd and terminals do."""
    pid = server.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (*map(int, workers), pid):
        os.kill(process, number)


def _refuses(url: str) -> bool:
    try:
        httpx2.get(url, verify=PLAIN)
    except httpx2.TransportError:
        return True
    return False
