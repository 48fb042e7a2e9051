"""Limits on callers, and what happens when a client disconnects."""

from __future__ import annotations

import asyncio
import socket
import time
from itertools import count
from pathlib import Path

import httpx2
import pytest

from tests.conftest import MakeProfile, MakeUser
from tests.support import (
    PATIENCE_SECONDS,
    PLAIN,
    Server,
    eventually,
    running_infinity,
    running_server,
    silent_infinity,
    text_of,
    until_too_many,
)

pytestmark = pytest.mark.any_database

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "infinity_get_profile", "arguments": {}},
}


def test_wrong_keys_are_throttled_and_a_valid_key_is_not(
    make_user: MakeUser, tmp_path: Path
) -> None:
    _, key = make_user()
    with running_server(tmp_path) as server:
        forged = ({"X-Forwarded-For": f"192.0.2.{n}"} for n in count())  # by no proxy of ours
        assert 401 == server.post("mcp_wrong").status_code
        refused = until_too_many(lambda: server.post("mcp_wrong", headers=next(forged)))
        assert int(refused.headers["retry-after"]) >= 1
        assert 200 == server.post(key).status_code
        assert 401 == server.post().status_code


def test_a_user_over_its_rate_is_told_when_to_come_back(
    make_user: MakeUser, tmp_path: Path
) -> None:
    _, busy = make_user("alice")
    _, calm = make_user("bob")
    with running_server(tmp_path, MCP_REQUESTS_PER_MINUTE="30") as server:
        assert 200 == server.post(busy).status_code
        refused = until_too_many(lambda: server.post(busy))
        assert int(refused.headers["retry-after"]) >= 1
        assert "alice may make 30 requests a minute" in refused.text
        assert 200 == server.post(calm).status_code


def test_a_user_with_too_many_calls_under_way_is_refused(
    make_user: MakeUser, make_profile: MakeProfile, tmp_path: Path
) -> None:
    with (
        silent_infinity() as (url, connections),
        running_server(tmp_path, MCP_CONCURRENT_REQUESTS="2") as server,
    ):
        _, busy = make_user("alice", profile=make_profile("silent", base_url=url))
        _, calm = make_user("bob", profile=make_profile("ada"))

        under_way = [server.send(busy, CALL) for _ in range(2)]
        eventually(lambda: len(connections) == 2)
        assert 429 == server.post(busy, json=CALL).status_code
        assert 200 == server.post(calm).status_code
        for client in under_way:
            client.close()


@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_a_client_that_leaves_stops_the_upstream_call(
    server: Server, make_user: MakeUser, make_profile: MakeProfile, version: str
) -> None:
    headers = {"MCP-Protocol-Version": version}
    call = CALL
    if version == "2026-07-28":
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": "infinity_get_profile"}
        meta = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        call = {**CALL, "params": {**CALL["params"], "_meta": meta}}  # type: ignore[dict-item]
    with silent_infinity() as (url, connections):
        _, key = make_user(profile=make_profile("silent", base_url=url))
        client = server.send(key, call, headers)
        [upstream] = eventually(lambda: connections)
        client.close()
        upstream.settimeout(PATIENCE_SECONDS)
        while received := upstream.recv(65536):  # ends when the server closes its side
            assert b"GET /api/v2/profile" in received


def test_two_users_on_one_profile_are_served_fairly(
    make_user: MakeUser, make_profile: MakeProfile, tmp_path: Path
) -> None:
    """For longer than a minute one floods with twenty calls at a time: the other's calls wait no
    more than two seconds each or, where the machine is slow, for no more than ten of those; and
    Infinity sees no more than 180 requests in any minute."""

    async def flood(server: Server, flooding: str, calm: str) -> list[float]:
        headers = {"Authorization": f"Bearer {flooding}"}
        clock = time.time  # as Infinity notes it
        end = clock() + 65

        async def storm(http: httpx2.AsyncClient) -> None:
            while clock() < end:
                await http.post(server.url, json=CALL)

        asked = []
        async with (
            httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS, verify=PLAIN) as http,
            server.connected(calm) as client,
        ):
            storms = [asyncio.create_task(storm(http)) for _ in range(20)]
            while clock() < end:
                asked.append(clock())
                result = await client.call_tool("infinity_list_workspaces", {})
                assert not result.is_error, text_of(result)
            await asyncio.gather(*storms)
        return asked

    with (
        running_infinity(tmp_path, requests_per_minute=180) as infinity,
        running_server(tmp_path, INFINITY_REQUESTS_PER_MINUTE="180") as server,
    ):
        shared = make_profile("shared", base_url=infinity.url)
        users = (make_user(name, profile=shared)[1] for name in ("alice", "bob"))
        asked = asyncio.run(flood(server, *users))
        requests = infinity.requests()
    times = [request["at"] for request in requests]
    served = [request["at"] for request in requests if request["path"].endswith("/workspaces")]
    for start, end in zip(asked, served, strict=True):
        assert end - start <= 2.0 or sum(start < at < end for at in times) <= 10
    assert max(sum(start <= at < start + 60 for at in times) for start in times) <= 180
    assert {200} == {request["status"] for request in requests}
    assert len(times) > 150


def test_endless_headers_end_the_connection(server: Server) -> None:
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        try:
            for _ in range(64):
                connection.sendall(b"x" * 65536)
            answer = connection.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            return
    assert answer.startswith(b"HTTP/1.1 400") or answer == b""
