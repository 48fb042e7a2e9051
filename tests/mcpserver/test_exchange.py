"""The short way to an answer says what the SDK's own way says, in every protocol revision."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.server.request_state import RequestStateBoundary
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pytest_django.fixtures import Settings
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.caller import Caller
from accounts.models import ApiKey
from mcpserver.app import McpApp
from mcpserver.auth import set_caller
from mcpserver.server import InfinityServer
from mcpserver.upstream import Upstream

UNKNOWN = "1999-01-01"
VERSIONS = [None, UNKNOWN, *KNOWN_PROTOCOL_VERSIONS]
META = "io.modelcontextprotocol"


def call(name: Any, arguments: Any = None, **params: Any) -> dict[str, Any]:
    given = {} if arguments is None else {"arguments": arguments}
    return {"method": "tools/call", "params": {"name": name, **given, **params}}


def initialize(version: str) -> dict[str, Any]:
    client = {"name": "test", "version": "0"}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
    return {"method": "initialize", "params": params}


PLACE = {"workspace_id": "1", "board_id": "unknown"}
REQUESTS: list[dict[str, Any]] = [
    *(initialize(version) for version in (*KNOWN_PROTOCOL_VERSIONS, UNKNOWN)),
    {"method": "initialize"},
    {"method": "initialize", "params": {"protocolVersion": 1}},
    {"method": "ping"},
    {"method": "ping", "params": {}},
    {"method": "ping", "params": None},
    {"method": "ping", "id": "a string"},
    {"method": "ping", "id": ""},
    {"method": "ping", "id": 0},
    {"method": "ping", "id": -7},
    {"method": "ping", "unknown": "field"},
    {"method": "tools/list"},
    {"method": "tools/list", "params": {}},
    {"method": "tools/list", "params": {"cursor": "x"}},
    {"method": "tools/list", "params": {"cursor": 5}},
    {"method": "tools/list", "params": {"_meta": {"other": 1}}},
    {"method": "tools/list", "params": {"_meta": 5}},
    call("infinity_get_profile", {}),
    call("infinity_get_profile"),
    {"method": "tools/call", "params": {"name": "infinity_get_profile", "arguments": None}},
    call("infinity_get_profile", {"response_format": "json"}),
    call("infinity_get_profile", {}, _meta={"progressToken": 3}),
    call("infinity_get_profile", {}, requestState="x"),
    call("infinity_get_profile", {"unknown": 12345678901234567890123}),
    call("infinity_get_profile", []),
    call("infinity_list_workspaces", {"limit": 1}),
    call("infinity_list_workspaces", {"limit": "many"}),
    call("infinity_list_members", {"workspace_id": 12345678901234567890123}),
    call("infinity_get_board", PLACE),
    call("infinity_create_folder", {**PLACE, "name": "é\n“”"}),
    call("no_such_tool", {}),
    call(5, {}),
    {"method": "tools/call"},
    {"method": "prompts/list"},
    {"method": "resources/read", "params": {"uri": "x:y"}},
    {"method": "logging/setLevel", "params": {"level": "info"}},
    {"method": "completion/complete", "params": {}},
    {"method": "server/discover"},
    {"method": "subscriptions/listen", "params": {}},
    {"method": "no/such/method", "params": {"x": None}},
    {"method": "ping", "params": [1]},
    {"method": 5},
    {"method": "ping", "jsonrpc": "1.0"},
    {"method": "ping", "result": {}},
    {"method": "ping", "error": {"code": 1, "message": "no"}},
    {"method": "ping", "error": None},
]
WITHOUT_ANSWER: list[dict[str, Any]] = [
    {"method": "notifications/initialized"},
    {"method": "notifications/cancelled", "params": {"requestId": 1}},
    {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 0.5}},
    {"method": "notifications/unknown"},
    {"method": 5},
]
REPLIES: list[dict[str, Any]] = [
    {"id": 1, "result": {}},
    {"id": 1, "error": {"code": 1, "message": "no"}},
]


def corpus(version: str | None) -> list[dict[str, Any]]:
    requests = [{"id": 1, **each} for each in REQUESTS]
    if version in MODERN_PROTOCOL_VERSIONS:
        requests += [_enveloped(each, version) for each in requests]
    return [{"jsonrpc": "2.0", **each} for each in (*requests, *WITHOUT_ANSWER, *REPLIES)]


def _enveloped(request: dict[str, Any], version: str | None) -> dict[str, Any]:
    """As clients of the latest revisions send it, as far as its params can carry that."""
    params = request.get("params") or {}
    meta = params.get("_meta", {}) if isinstance(params, dict) else None
    if not isinstance(meta, dict):
        return request
    meta = {**meta, f"{META}/protocolVersion": version, f"{META}/clientCapabilities": {}}
    return {**request, "params": {**params, "_meta": meta}}


def headers(message: dict[str, Any], version: str | None, accept: str) -> dict[str, str]:
    found = {"Accept": accept, "Mcp-Method": str(message.get("method"))}
    params = message.get("params")
    if isinstance(params, dict) and "name" in params:
        found["Mcp-Name"] = str(params["name"])
    return found if version is None else {**found, "MCP-Protocol-Version": version}


@asynccontextmanager
async def the_sdk(caller: Caller, *, json_response: bool) -> AsyncIterator[ASGIApp]:
    """The same server on the SDK's transport, without what we put in between."""
    async with Upstream().opened() as upstream:
        server = InfinityServer(upstream)
        server.middleware[:] = [m for m in server.middleware if type(m) is RequestStateBoundary]
        manager = StreamableHTTPSessionManager(
            server._lowlevel_server, stateless=True, json_response=json_response
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            set_caller(caller)
            await manager.handle_request(scope, receive, send)

        async with manager.run():
            yield app


def told(answer: httpx2.Response) -> tuple[int, str, Any]:
    """Status, content type and meaning."""
    kind = answer.headers.get("content-type", "")
    if kind == "application/json" and answer.content:
        return answer.status_code, kind, answer.json()
    events = [line for line in answer.text.splitlines() if line.startswith("data:")]
    return answer.status_code, kind, [json.loads(line[5:]) for line in events] or answer.text


async def ask(
    app: ASGIApp, key: str, message: dict[str, Any], version: str | None, accept: str
) -> tuple[int, str, Any]:
    own = {**headers(message, version, accept), "Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:
        return told(await http.post("http://127.0.0.1/mcp", json=message, headers=own))


async def differences(
    key: str, version: str | None, messages: list[dict[str, Any]], *, events: bool = False
) -> list[Any]:
    """Each message that is answered differently, our answer and the SDK's. Ours is asked twice."""
    record = await asyncio.to_thread(ApiKey.objects.authenticate, key)
    assert record
    accept = "application/json, text/event-stream" if events else "application/json"
    ours, different = McpApp(), []
    async with ours.running(), the_sdk(record.caller(), json_response=not events) as sdk:
        for message in messages:
            theirs = await ask(sdk, key, message, version, accept)
            for _ in range(2):
                mine = await ask(ours, key, message, version, accept)
                if mine != theirs:
                    different.append((message, mine, theirs))
    return different


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.MCP_REQUESTS_PER_MINUTE = settings.INFINITY_REQUESTS_PER_MINUTE = 1_000_000


@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_means_what_the_sdk_says(key: str, version: str | None) -> None:
    assert [] == asyncio.run(differences(key, version, corpus(version)))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_asks_for_progress_is_answered_as_the_sdk_does(
    key: str, version: str | None
) -> None:
    asking = [call("infinity_get_profile", {}, _meta={"progressToken": 3})]
    asking += [_enveloped(each, version) for each in asking]
    messages = [{"jsonrpc": "2.0", "id": 1, **each} for each in asking]
    assert [] == asyncio.run(differences(key, version, messages, events=True))
