"""Requests answered by the SDK alone and by this server, to compare the answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.request_state import RequestStateBoundary
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, CallToolResult, InputRequiredResult
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.caller import Caller
from accounts.models import ApiKey
from infinity_mcp.core.async_database import in_thread
from mcpserver.context import CallContext, current_caller, set_call
from mcpserver.gateway.clients import Upstream
from mcpserver.http.app import McpApp
from mcpserver.protocol.errors import REQUEST_ID
from mcpserver.protocol.server import MODEL_FACING_ERRORS, InfinityServer, refuse_beyond_policy

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


def get_prompt(name: Any, arguments: Any) -> dict[str, Any]:
    return {"method": "prompts/get", "params": {"name": name, "arguments": arguments}}


def complete(ref: dict[str, str], name: str, value: Any, **context: Any) -> dict[str, Any]:
    params = {"ref": ref, "argument": {"name": name, "value": value}, "context": context}
    return {"method": "completion/complete", "params": params}


BOARD = "infinity://workspaces/{ws}/boards/{board}"
PROMPT = {"type": "ref/prompt", "name": "weekly_report"}
PROMPT_ARGUMENTS: tuple[Any, ...] = (
    {"workspace": "é", "board": "x\n> y"},
    {"workspace": 31337, "board": "x"},
    {"workspace": "x", "board": "x" * 201},
    {"unknown": "x"},
    {},
    None,
    [],
)
PLACE = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
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
    {"method": "prompts/list", "params": {"cursor": "x"}},
    {"method": "prompts/list", "params": {"cursor": 5}},
    {"method": "prompts/get"},
    *(get_prompt("weekly_report", arguments) for arguments in PROMPT_ARGUMENTS),
    get_prompt("no_such_prompt", {}),
    get_prompt(5, {}),
    {"method": "resources/list"},
    {"method": "resources/templates/list"},
    {"method": "resources/read", "params": {"uri": "x:y"}},
    {"method": "resources/read", "params": {"uri": BOARD.format(ws="1", board="unknown")}},
    {"method": "resources/subscribe", "params": {"uri": "x:y"}},
    *(complete(PROMPT, "workspace", value) for value in ("", "sand", "é", 5, None)),
    complete(PROMPT, "board", "", arguments={"workspace": "31337"}),
    complete(PROMPT, "board", "", arguments={"workspace": "1"}),
    complete(PROMPT, "board", "", arguments={"workspace": "x" * 101}),
    complete(PROMPT, "no_such_argument", ""),
    complete({"type": "ref/prompt", "name": "no_such_prompt"}, "board", ""),
    complete({"type": "ref/resource", "uri": BOARD}, "ws", "3"),
    complete({"type": "ref/resource", "uri": "x:y"}, "ws", ""),
    complete({"type": "ref/other"}, "ws", ""),
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
        requests += [enveloped(each, version) for each in requests]
    return [{"jsonrpc": "2.0", **each} for each in (*requests, *WITHOUT_ANSWER, *REPLIES)]


def is_call(request: dict[str, Any]) -> bool:
    return request["method"] == "tools/call" and "params" in request


def asking_for_progress(request: dict[str, Any]) -> dict[str, Any]:
    """As many clients send every call, whether its tool has progress to tell or not."""
    return {**request, "params": {**request["params"], "_meta": {"progressToken": 3}}}


def enveloped(request: dict[str, Any], version: str | None) -> dict[str, Any]:
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
        set_call(CallContext(current_caller(), self.upstream))
        try:
            return await MCPServer.call_tool(self, name, arguments, context)
        except ToolError as error:
            if isinstance(
                error.__cause__, MODEL_FACING_ERRORS
            ):  # without the SDK's words around it
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
            set_call(CallContext(caller))
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
    if isinstance(error := answer.get("error"), dict):
        error.pop("data", None)
        if error["code"] == INVALID_PARAMS:
            del error["message"]  # here it names the params
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
