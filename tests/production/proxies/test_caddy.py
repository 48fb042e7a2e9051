"""Two replicas behind the Caddy of docs/deploy, restarted one after the other."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.deployment import test_deploy
from tests.production.load import under_load
from tests.programs import program
from tests.support import environment, free_port, running

ADDRESSES = ("127.0.0.1", "127.0.0.2")


def test_a_rolling_restart_behind_caddy_loses_at_most_a_call_not_yet_accepted(
    key: str, tmp_path: Path
) -> None:
    _require_caddy_that_asks_another()
    port = free_port()
    with ExitStack() as stack:
        servers = []
        for address in ADDRESSES:
            servers.append(stack.enter_context(ExitStack()))
            servers[-1].enter_context(_replica(address, port, tmp_path))
        names = stack.enter_context(_names())
        caddy = stack.enter_context(test_deploy.caddy(tmp_path, port, resolver=names))
        with under_load(caddy.url, key, pause=0.01) as load:
            load.wait_for(200, 20)
            for address, server in zip(ADDRESSES, servers, strict=True):
                server.close()
                load.wait_for(200, 20)
                server.enter_context(_replica(address, port, tmp_path))
                load.wait_for(200, 20)
    lost = [answer.status for answer in load.answers if not answer.worked]
    assert set(lost) <= {502}
    assert len(lost) <= len(ADDRESSES)  # docs/scaling.md: one in the moment in which each ends


def _require_caddy_that_asks_another() -> None:
    """Before 2.11.2, Caddy closed the body of a call that it could not deliver to the first."""
    command = [program("caddy"), "version"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numbers = tuple(map(int, re.findall(r"\d+", version)[:3]))
    if numbers < (2, 11, 2):
        pytest.skip(f"needs Caddy 2.11.2 or newer, not {version.strip()}")


@contextmanager
def _replica(address: str, port: int, folder: Path) -> Iterator[None]:
    try:
        socket.create_server((address, port)).close()
    except OSError as error:
        pytest.skip(f"{address} cannot be used here: {error}")
    allowed = ",".join(("localhost", *ADDRESSES))
    env = environment(HOST=address, PORT=str(port), ALLOWED_HOSTS=allowed)
    ready = f"http://{address}:{port}/ready"
    with running("mcp_serve", ready_url=ready, log=folder / f"{address}.log", env=env) as process:
        yield
        process.terminate()
        assert 0 == process.wait(timeout=60)


@contextmanager
def _names() -> Iterator[str]:
    """The address of a DNS server that knows one name, which has both addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            while True:
                query, client = server.recvfrom(512)
                if not query:
                    return
                server.sendto(_answer(query), client)

        thread = threading.Thread(target=answer)
        thread.start()
        host, port = server.getsockname()
        try:
            yield f"udp/{host}:{port}"
        finally:
            server.sendto(b"", (host, port))
            thread.join()


def _answer(query: bytes) -> bytes:
    """RFC 1035: both addresses to a question for A records, none to any other."""
    end = query.index(b"\0", 12) + 5
    is_for_addresses = query[end - 4 : end - 2] == b"\0\1"
    found = ADDRESSES if is_for_addresses else ()
    header = query[:2] + b"\x84\0\0\1" + len(found).to_bytes(2, "big") + bytes(4)
    record = b"\xc0\x0c\0\1\0\1" + (5).to_bytes(4, "big") + b"\0\4"
    return header + query[12:end] + b"".join(record + socket.inet_aton(each) for each in found)
