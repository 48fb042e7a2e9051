"""/mcp refuses requests in order: credential, Host and Origin, method, body (docs/security.md)."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import httpx2
import pytest

from infinity_mcp import asgi
from infinity_mcp.core import shutdown, statement_timeout
from infinity_mcp.middleware import RequestIdMiddleware
from mcpserver.audit import rollups
from mcpserver.http import app
from tests.conftest import MakeProfile, MakeUser
from tests.support import PATIENCE_SECONDS, Server

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_both_spellings_answer_without_a_redirect(server: Server, key: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx2.post(f"{server.origin}{path}", json=PING, headers=headers)
    assert (200, {}) == (answer.status_code, answer.json()["result"])


@pytest.mark.parametrize("size", [4 * 1024 * 1024 + 1, 5_000_000])
def test_a_body_over_4_mib_is_refused(server: Server, key: str, size: int) -> None:
    assert 413 == server.post(key, content=b" " * size, headers=JSON).status_code


def test_a_body_over_4_mib_without_a_length_is_refused(server: Server, key: str) -> None:
    chunks = (b" " * 65536 for _ in range(100))
    assert 413 == server.post(key, content=chunks, headers=JSON).status_code


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[]",
        b"[" + b'{"jsonrpc":"2.0","id":1,"method":"ping"}' + b"]",
        b"null",
        b'"text"',
        b"1",
        b"{}",
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":5}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}',
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}',
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":1,"method":"\xed\xa0\x80"}',
    ],
)
@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_a_malformed_body_is_refused(server: Server, key: str, body: bytes, version: str) -> None:
    answer = server.post(key, content=body, headers={**JSON, "MCP-Protocol-Version": version})
    assert 400 == answer.status_code, answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
def test_a_wrong_content_type_is_refused(server: Server, key: str, content_type: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert 400 == server.post(key, content=body, headers={"Content-Type": content_type}).status_code


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "application/json, text/event-stream",
        "text/html, */*;q=0.1",
    ],
)
def test_accept_may_be_missing_or_wide(server: Server, key: str, accept: str | None) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = httpx2.Request("POST", server.url, headers=headers, json=PING)
    request.headers.pop("accept", None)
    if accept is not None:
        request.headers["accept"] = accept
    with httpx2.Client() as client:
        answer = client.send(request)
    assert (200, "application/json") == (answer.status_code, answer.headers["content-type"])


def test_every_answer_has_a_request_id_of_its_own(server: Server, key: str) -> None:
    refused, served = server.post(), server.post(key)
    assert refused.headers["x-request-id"] == refused.json()["error"]["data"]["request_id"]
    assert refused.headers["x-request-id"] != served.headers["x-request-id"]


def test_a_body_cut_short_harms_nobody(server: Server, key: str) -> None:
    before = len(server.log.read_text())
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    assert 200 == server.post(key).status_code
    assert "Traceback" not in server.log.read_text()[before:]


def test_a_stranger_whose_body_never_comes_is_refused_all_the_same(server: Server) -> None:
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        head = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


async def whose_body_comes(key: str, body: AsyncIterator[bytes], length: int) -> httpx2.Response:
    mcp = app.McpApp()
    transport = httpx2.ASGITransport(RequestIdMiddleware(mcp))
    headers = {**JSON, "Authorization": f"Bearer {key}", "Content-Length": str(length)}
    async with mcp.running(), httpx2.AsyncClient(transport=transport) as http:
        return await http.post("http://127.0.0.1/mcp", content=body, headers=headers)


def test_a_caller_whose_body_never_comes_is_told_so(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcpserver.http.body.BODY_SECONDS", 0.0)  # nobody is to wait for it

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = asyncio.run(asyncio.wait_for(whose_body_comes(key, never(), 100), PATIENCE_SECONDS))
    assert (408, "close") == (answer.status_code, answer.headers["connection"])
    assert "did not arrive within 0 s; nothing was done" in answer.json()["error"]["message"]


def test_a_large_body_may_take_longer(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcpserver.http.body.BODY_SECONDS", 0.0)
    body = json.dumps({**PING, "params": {"x": "x" * 4_000_000}}).encode()

    async def slowly() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            await asyncio.sleep(0)  # what had no time at all would end here
            yield body[start : start + 65536]

    assert 200 == asyncio.run(whose_body_comes(key, slowly(), len(body))).status_code


def test_changes_and_subscriptions_are_not_offered(server: Server, key: str) -> None:
    params = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    offered = {
        "completions": {},
        "prompts": {"listChanged": False},
        "resources": {"listChanged": False, "subscribe": False},
        "tools": {"listChanged": False},
    }
    assert offered == server.post(key, json=message).json()["result"]["capabilities"]
    subscribe = {"method": "resources/subscribe", "params": {"uri": "infinity://x"}}
    answer = server.post(key, json={"jsonrpc": "2.0", "id": 1, **subscribe})
    assert -32601 == answer.json()["error"]["code"]


def test_answers_are_not_cached(server: Server, key: str) -> None:
    for answer in (server.post(), server.post(key)):
        assert "no-store" == answer.headers["cache-control"]
        assert "Authorization" in answer.headers["vary"]


def test_health_touches_nothing_and_ready_is_ready(server: Server) -> None:
    health = httpx2.get(f"{server.origin}/health")
    assert {"ok": True, "service": "infinity-mcp"} == health.json()
    assert {"ok": True} == httpx2.get(f"{server.origin}/ready").json()
    assert 200 == httpx2.head(f"{server.origin}/health").status_code
    assert 405 == httpx2.post(f"{server.origin}/health").status_code


def test_machines_may_ask_by_address_and_people_may_not(server: Server) -> None:
    def statuses(*paths: str) -> list[int]:
        headers = {"Host": "10.0.0.11:3015"}
        return [httpx2.get(server.origin + path, headers=headers).status_code for path in paths]

    assert [200, 200, 404] == statuses("/health", "/ready", "/metrics")  # not switched on
    assert [400, 400] == statuses("/login/", "/ready/")


def test_the_listing_keeps_its_order(server: Server, key: str) -> None:
    first = server.tools(key)
    assert first[:2] == ["infinity_get_profile", "infinity_list_workspaces"]
    assert first == server.tools(key)


def test_a_reader_does_not_see_tools_that_write(server: Server, make_user: MakeUser) -> None:
    _, reader = make_user("bob", "read-only")
    _, writer = make_user("charlie", "read-write")
    assert "infinity_create_item" not in server.tools(reader)
    assert "infinity_create_item" in server.tools(writer)
    assert "infinity_archive_item" not in server.tools(writer)


LEVELS = 140  # of 150 that are passed on


class NestedInfinity(BaseHTTPRequestHandler):
    """Answers with LEVELS."""

    def do_GET(self) -> None:
        body = b'{"id": 1, "object": "user", "name": "Ada", "x": %s1%s}' % (
            b"[" * LEVELS,
            b"]" * LEVELS,
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def nested_infinity() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), NestedInfinity) as upstream:
        thread = threading.Thread(target=upstream.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{upstream.server_port}"
        upstream.shutdown()
        thread.join()


def test_an_answer_of_very_many_levels_is_passed_on(
    server: Server, make_user: MakeUser, make_profile: MakeProfile, nested_infinity: str
) -> None:
    _, key = make_user(profile=make_profile("nested", base_url=nested_infinity))
    call = {"name": "infinity_get_profile", "arguments": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = server.post(key, json=message)
    assert 200 == answer.status_code
    assert "[" * LEVELS in answer.text


def test_what_nobody_foresaw_is_answered_with_the_request_id(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("innards")

    monkeypatch.setattr(app, "read_message", fail)

    async def answered() -> httpx2.Response:
        mcp = app.McpApp()
        transport = httpx2.ASGITransport(RequestIdMiddleware(mcp), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {key}"}
        async with mcp.running(), httpx2.AsyncClient(transport=transport) as http:
            return await http.post("http://127.0.0.1/mcp", json=PING, headers=headers)

    answer = asyncio.run(answered())
    error = answer.json()["error"]
    assert (500, -32603) == (answer.status_code, error["code"])
    assert answer.headers["x-request-id"] == error["data"]["request_id"]
    assert "no-store" == answer.headers["cache-control"]
    assert "innards" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_server_whose_work_has_failed_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "_has_ended", False)  # this process has other tests to run
    monkeypatch.setattr(statement_timeout, "serve", lambda: None)
    monkeypatch.setattr(asgi, "mcp", app.McpApp())  # each runs once
    failing = asyncio.Event()

    async def fail() -> None:
        await failing.wait()
        raise RuntimeError("innards")

    @asynccontextmanager
    async def kept() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)
            yield

    monkeypatch.setattr(rollups, "kept", kept)

    async def statuses() -> list[int]:
        transport = httpx2.ASGITransport(asgi.application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            before = await http.get("/ready")
            with pytest.raises(ExceptionGroup):
                async with asgi.lifespan(asgi.site):
                    serving = await http.get("/ready")
                    failing.set()
                    await asyncio.Event().wait()
            after = await http.get("/ready")
        return [each.status_code for each in (before, serving, after)]

    assert [200, 200, 503] == asyncio.run(statuses())
