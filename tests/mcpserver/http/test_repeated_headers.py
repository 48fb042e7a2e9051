"""Headers that come twice are refused or told."""

from __future__ import annotations

import json
import socket

import pytest

from tests.support import PATIENCE_SECONDS, Server

pytestmark = pytest.mark.any_database

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def sent_twice(server: Server, key: str, name: str, *values: str) -> int:
    """The status of the answer to a ping with this header twice."""
    body = json.dumps(PING).encode()
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    lines = [f"{n}: {v}" for n, v in headers.items() if n != name]
    lines += [f"{name}: {value or headers.get(name)}" for value in values]
    request = "\r\n".join(["POST /mcp HTTP/1.1", "Connection: close", *lines, "", ""]).encode()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request + body)
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Host", "evil.example"),
        ("Authorization", "Bearer mcp_other"),
        ("Content-Type", "text/plain"),
        ("Content-Length", "1"),
    ],
)
def test_a_header_that_comes_twice_is_refused(
    server: Server, key: str, name: str, other: str
) -> None:
    assert [200, 400, 400, 400] == [
        sent_twice(server, key, name, *values)
        for values in ([""], ["", ""], ["", other], [other, ""])
    ]


def test_a_stranger_is_asked_for_a_key_whatever_else_comes_twice(server: Server) -> None:
    assert 401 == sent_twice(server, "", "Host", "", "other.example.org")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Origin", "http://localhost:6274"), ("MCP-Protocol-Version", "2025-11-25")],
)
def test_an_optional_header_that_comes_twice_is_refused(
    server: Server, key: str, name: str, value: str
) -> None:
    assert [200, 400] == [
        sent_twice(server, key, name, *values) for values in ([value], [value, value])
    ]
