"""The short way to an answer says what the SDK's own way says, in every protocol revision."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.request_state import RequestStateBoundary
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, CallToolResult, InputRequiredResult
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pytest_django.fixtures import Settings
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.caller import Caller
from accounts.models import ApiKey
from mcpserver.app import McpApp
from mcpserver.auth import current_caller, set_caller
from mcpserver.database import in_thread
from mcpserver.refusal import REQUEST_ID
from mcpserver.server import TOLD, InfinityServer, refuse_beyond_policy
from mcpserver.upstream import Upstream, set_upstream
from tests.conftest import MakeUser
from tests.support import Server, data_of

pytestmark = pytest.mark.any_database

UNKNOWN = "1999-01-01"
VERSIONS = [None, *KNOWN_PROTOCOL_VERSIONS]
META = "io.modelcontextprotocol"
Answer = tuple[int, str, str]


def call(name: Any, arguments: Any = None, **params: Any) -> dict[str, Any]:
    given = {} if arguments is None else {"arguments": arguments}
    return {"method": "tools/call", "params": {"name": name, **given, **params}}


def initialize(version: str) -> dict[str, Any]:
    client = {"name": "test", "version": "0"}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
    return {"method": "initialize", "params": params}


PLACE = {"workspace_id": "1", "board_id": "unknown"}
ABOVE_64_BITS = 12345678901234567890123
JSON, JSON_OR_EVENTS = "application/json", "application/json, text/event-stream"
METAS: tuple[Any, ...] = (None, 5, [], {}, {"other": 1}, {"progressToken": 1, "other": 1})
TOKENS: tuple[Any, ...] = ("", "x", 0, -7, True, 1.5, None, [], {}, ABOVE_64_BITS)
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
    {"method": "tools/list", "params": None},
    {"method": "tools/list", "params": {"cursor": None, "unknown": ABOVE_64_BITS}},
    *({"method": "tools/list", "params": {"_meta": meta}} for meta in METAS),
    *({"method": "tools/list", "params": {"_meta": {"progressToken": t}}} for t in TOKENS),
    call("infinity_get_profile", {}),
    call("infinity_get_profile"),
    {"method": "tools/call", "params": {"name": "infinity_get_profile", "arguments": None}},
    call("infinity_get_profile", {"response_format": "json"}),
    call("infinity_get_profile", {}, requestState="x"),
    call("infinity_get_profile", {"unknown": ABOVE_64_BITS}),
    call("infinity_list_workspaces", {"limit": 1}),
    call("infinity_list_workspaces", {"limit": "many"}),
    call("infinity_list_workspaces", {"limit": 1.0}),
    call("infinity_list_workspaces", {"limit": True}),
    call("infinity_list_workspace_members", {"workspace_id": ABOVE_64_BITS}),
    call("infinity_add_workspace_member", {"workspace_id": "1", "user_id": ABOVE_64_BITS}),
    call("infinity_get_board", PLACE),
    call("infinity_create_folder", {**PLACE, "name": "é\n“”"}),
    call("no_such_tool", {}),
    call(5, {}),
    *(call("infinity_get_profile", {}, _meta=meta) for meta in METAS),
    *(call("infinity_get_profile", {}, _meta={"progressToken": token}) for token in TOKENS),
    call("infinity_get_profile", {}, unknown="field"),
    call("infinity_get_profile", {"unknown": {"a": [1, None, 1.5]}}),
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
    if version in MODERN_PROTOCOL_VERSIONS:  # here it has a handshake all the same
        requests = [each for each in requests if each["method"] != "initialize"]
    requests += [asking_for_progress(each) for each in requests if is_call(each)]
    if version in MODERN_PROTOCOL_VERSIONS:
        requests += [_enveloped(each, version) for each in requests]
    return [{"jsonrpc": "2.0", **each} for each in (*requests, *WITHOUT_ANSWER, *REPLIES)]


def is_call(request: dict[str, Any]) -> bool:
    return request["method"] == "tools/call" and "params" in request


def asking_for_progress(request: dict[str, Any]) -> dict[str, Any]:
    """As many clients send every call, whether its tool has progress to tell or not."""
    return {**request, "params": {**request["params"], "_meta": {"progressToken": 3}}}


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


class PlainServer(InfinityServer):
    """Has the SDK itself run the tools that the caller may call, and tell how that went."""

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Upstream, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        refuse_beyond_policy(current_caller(), name, self.tools.get(name))
        set_upstream(self.upstream)
        try:
            return await MCPServer.call_tool(self, name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, TOLD):  # without the SDK's words around it
                raise ToolError(str(error.__cause__)) from error.__cause__
            raise


@asynccontextmanager
async def the_sdk(caller: Caller, *, json_response: bool) -> AsyncIterator[ASGIApp]:
    """The same tools on the SDK's transport, without what we put in between."""
    async with Upstream().opened() as upstream:
        server = PlainServer(upstream)
        server.middleware[:] = [m for m in server.middleware if type(m) is RequestStateBoundary]
        manager = StreamableHTTPSessionManager(
            server._lowlevel_server, stateless=True, json_response=json_response
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            set_caller(caller)
            await manager.handle_request(scope, receive, send)

        async with manager.run():
            yield app


def told(answer: httpx2.Response) -> Answer:
    """Status, content type and meaning."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code == 400:
        return 400, kind, refused(answer.text)
    if kind == JSON and answer.content:
        return answer.status_code, kind, canonical(answer.text)
    events = [line for line in answer.text.splitlines() if line.startswith("data:")]
    meaning = "\n".join(canonical(line[5:]) for line in events) or answer.text
    return answer.status_code, kind, meaning


def canonical(text: str) -> str:
    """Text, because Python takes 1, 1.0 and True for the same. Of an error its code and message:
    here its data has the request id, too, as the `_meta` of a tool's error has."""
    answer = json.loads(text)
    meta = answer.get("result", {}).get("_meta", {})
    if meta.pop(REQUEST_ID, None) and not meta:
        del answer["result"]["_meta"]
    if isinstance(answer.get("error"), dict):
        answer["error"].pop("data", None)
    return json.dumps(answer, sort_keys=True)


def refused(text: str) -> str:
    """What cannot be a message at all is refused here in other words, before the SDK sees it."""
    code = json.loads(text)["error"]["code"]
    return "invalid" if code in (INVALID_REQUEST, INVALID_PARAMS) else str(code)


async def ask(
    app: ASGIApp, key: str, message: dict[str, Any], version: str | None, accept: str
) -> Answer:
    own = headers(message, version, accept)
    return told(await post(app, key, json.dumps(message).encode(), own))


async def post(app: ASGIApp, key: str, body: bytes, own: dict[str, str]) -> httpx2.Response:
    given = {**own, "Authorization": f"Bearer {key}", "Content-Type": JSON}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:
        return await http.post("http://127.0.0.1/mcp", content=body, headers=given)


async def answers(
    key: str,
    version: str | None,
    messages: list[dict[str, Any]],
    accept: str,
    *,
    json_response: bool = True,
) -> AsyncIterator[tuple[dict[str, Any], Answer, Answer]]:
    """Each message, our answer to it and the SDK's. Ours is asked twice."""
    record = await in_thread(ApiKey.objects.authenticate, key)
    assert record
    ours = McpApp()
    async with ours.running(), the_sdk(record.caller(), json_response=json_response) as sdk:
        for message in messages:
            theirs = await ask(sdk, key, message, version, accept)
            for _ in range(2):
                yield message, await ask(ours, key, message, version, accept), theirs


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.MCP_REQUESTS_PER_MINUTE = settings.INFINITY_REQUESTS_PER_MINUTE = 1_000_000


@pytest.mark.parametrize("access", ["read-only", "admin"])
@pytest.mark.parametrize("accept", [JSON, JSON_OR_EVENTS])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_means_what_the_sdk_says(
    make_user: MakeUser, version: str | None, accept: str, access: str
) -> None:
    _, key = make_user(access=access)

    async def differences() -> list[Any]:
        given = answers(key, version, corpus(version), accept)
        return [each async for each in given if each[1] != each[2]]

    assert [] == asyncio.run(differences())


def raw(id: bytes = b"1", more: bytes = b"") -> bytes:
    return b'{"jsonrpc":"2.0","id":%s,"method":"ping"%s}' % (id, more)


PROFILE = b"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
{"name":"infinity_get_profile","arguments":%s}}"""
BODIES = [
    raw(),
    b"\n\t " + raw() + b" \n",
    raw(more=b',"id":2'),
    raw(more=b',"id":"2","method":"tools/list"'),
    raw(more=b',"method":"no/such"'),
    raw(more=b',"params":{"_meta":5},"params":{}'),
    raw(more=b',"params":{"x":1e999}'),
    raw(more=b',"params":{"x":"\\ud800"}'),
    raw(more=b',"params":{"x":"\xff"}'),
    raw(more=b',"params":{"x":"\\u0000"}'),
    raw(more=b',"params":{"x":%s1%s}' % (b"[" * 100, b"]" * 100)),
    raw(more=b',"params":{"x":%s1%s}' % (b"[" * 900, b"]" * 900)),
    raw(b"9007199254740993"),
    raw(b"9223372036854775807"),
    raw(b"-9223372036854775807"),
    raw(b"-0"),
    raw('"é\u2028"'.encode()),
    raw(b'"\\u00e9\\n"'),
    raw(b'"' + b"x" * 200 + b'"'),
    PROFILE % b'{"response_format":"json","response_format":"markdown"}',
    PROFILE % b'{"response_format":"markdown","response_format":"no"}',
    PROFILE % b'{"x":"\\udc00"}',
    raw().decode().encode("utf-16"),
    raw() + raw(),
    raw()[:-1],
    b"",
]
REFUSED_HERE = [  # no JSON, ids that many a client would round, and what is too long
    raw(more=b',"params":{"x":NaN}'),
    raw(more=b',"params":{"x":-Infinity}'),
    PROFILE % b'{"x":NaN}',
    raw(b"9223372036854775808"),
    raw(b"-9223372036854775808"),
    raw(b'"' + b"x" * 201 + b'"'),
    raw(more=b',"params":{"x":[%s1]}' % (b"1," * 100_001)),
]
ACCEPTS = [
    JSON,
    JSON_OR_EVENTS,
    "application/json;q=0",
    "APPLICATION/JSON",
    "text/html",
    "text/event-stream",
    "application/*",
    "application/jsonp",
    " , ,application/json",
    "application/json;charset=utf-8, text/event-stream;q=0.5",
]


def outcome(answer: httpx2.Response) -> tuple[int, Any]:
    """Status and meaning; of what cannot be read each says in its own words what is wrong."""
    if answer.status_code in (200, 400):
        return answer.status_code, told(answer)
    return answer.status_code, answer.json()["error"]["code"]


def outcomes(key: str, version: str, asked: list[tuple[bytes, str]]) -> list[list[Any]]:
    """Body and Accept, our outcome and the SDK's."""
    record = ApiKey.objects.authenticate(key)
    assert record

    async def both() -> list[list[Any]]:
        ours, found = McpApp(), []
        async with ours.running(), the_sdk(record.caller(), json_response=True) as sdk:
            for body, accept in asked:
                own = {"Accept": accept, "MCP-Protocol-Version": version}
                each = [outcome(await post(app, key, body, own)) for app in (ours, sdk)]
                found.append([body[:80], accept, *each])
        return found

    return asyncio.run(both())


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_any_bytes_are_taken_as_the_sdk_takes_them(key: str, version: str) -> None:
    asked = [(body, JSON) for body in BODIES] + [(raw(), accept) for accept in ACCEPTS]
    assert [] == [each for each in outcomes(key, version, asked) if each[2] != each[3]]


def test_what_is_refused_here_alone_is_known(key: str) -> None:
    found = outcomes(key, "2025-11-25", [(body, JSON) for body in REFUSED_HERE])
    assert [(400, 200)] * len(REFUSED_HERE) == [(ours[0], sdk[0]) for _, _, ours, sdk in found]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_asks_for_progress_is_told_it_as_the_sdk_does(
    server: Server, key: str, roadmap: dict[str, Any], version: str | None
) -> None:
    items = data_of(server.call(key, "infinity_list_items", **roadmap, limit=1))["data"]
    subitems = {**roadmap, "parent_item_id": items[0]["id"]}
    asking = asking_for_progress(call("infinity_list_subitems", subitems))
    if version in MODERN_PROTOCOL_VERSIONS:
        asking = _enveloped(asking, version)
    message = {"jsonrpc": "2.0", "id": 1, **asking}

    async def told_by_both() -> list[Any]:
        given = answers(key, version, [message], JSON_OR_EVENTS, json_response=False)
        return [each async for each in given]

    for _, mine, theirs in asyncio.run(told_by_both()):
        assert theirs == mine
        assert "notifications/progress" in mine[2]
