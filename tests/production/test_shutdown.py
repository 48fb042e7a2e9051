"""What SIGTERM does: security.md 25."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.conftest import MakeProfile, MakeUser
from tests.production.support import CALL, gated_infinity
from tests.support import PLAIN, eventually, running_server


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


def _refuses(url: str) -> bool:
    try:
        httpx2.get(url, verify=PLAIN)
    except httpx2.TransportError:
        return True
    return False
