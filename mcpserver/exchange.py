"""One JSON-RPC request and its one JSON answer, without the SDK's streams between the two.

For protocol revisions with a handshake the SDK's stateless transport starts tasks and streams for
each request. `serve_one`, which the SDK itself uses for later revisions, runs the same handlers
directly: that saves 0.8 of the 1.1 ms that our share of a small call took. A call that says
nothing but a tool and its arguments is made without even that. What is not a plain request for JSON
goes the SDK's whole way, and a test holds all to the same answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import anyio
import orjson
from django.conf import settings
from mcp.server.connection import Connection
from mcp.server.runner import serve_one
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from mcp_types import DEFAULT_NEGOTIATED_VERSION, JSONRPCRequest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from mcpserver.cancelling import CallInProgress
from mcpserver.middleware import KeptTools, told_error
from mcpserver.server import InfinityServer

Message = dict[str, Any]
T = TypeVar("T")


def plain_request(request: Request, message: Message) -> JSONRPCRequest | None:
    """The request in `message` when `exchange` may answer it."""
    version = request.headers.get("mcp-protocol-version")
    if version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS:
        return None
    if "id" not in message or not message.keys().isdisjoint(("result", "error")):
        return None
    if not _takes_json(", ".join(request.headers.getlist("accept"))):
        return None
    try:
        return JSONRPCRequest.model_validate(message)
    except ValidationError:
        return None


async def exchange(server: InfinityServer, request: Request, asked: JSONRPCRequest) -> Response:
    """The answer to a request that `plain_request` found."""
    answer: Message = {"jsonrpc": "2.0", "id": asked.id}
    try:
        if call := _plain_call(server, asked):
            answer["result"] = await server.answer(*call)
        else:
            answer["result"] = await _served(server, request, asked)
    except Exception as error:  # whatever a handler raises has an answer; the SDK logs what is new
        answer["error"] = told_error(error).model_dump(exclude_none=True)
    return Response(_encoded(answer), media_type="application/json")


async def _served(server: InfinityServer, request: Request, asked: JSONRPCRequest) -> Message:
    version = request.headers.get("mcp-protocol-version", DEFAULT_NEGOTIATED_VERSION)
    return await serve_one(
        server._lowlevel_server,
        _OneAnswer(asked.id, ServerMessageMetadata(request_context=request)),
        asked.method,
        asked.params,
        connection=Connection.from_envelope(version, None, None),
        lifespan_state=server.upstream,
    )


def _plain_call(server: InfinityServer, asked: JSONRPCRequest) -> tuple[str, dict[str, Any]] | None:
    """The tool and its arguments, of a call that says nothing else that could mean something.

    None when its span is to be sent somewhere, as the SDK makes it.
    """
    params = asked.params
    if asked.method != "tools/call" or params is None or settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return None
    name, arguments = params.get("name"), params.get("arguments", {})
    if type(name) is not str or type(arguments) is not dict:
        return None
    others = params.keys() - {"name", "arguments"}
    if others and not (others == {"_meta"} and _says_nothing(params["_meta"])):
        return None
    tool = server.tools.get(name)
    return None if tool is None or tool.reports_progress else (name, arguments)


def _says_nothing(meta: object) -> bool:
    """Many clients name a token for progress with each call; none of these tools has some."""
    if type(meta) is not dict or meta.keys() - {"progressToken"}:
        return False
    return type(meta.get("progressToken", "")) in (str, int)


async def unless_gone(
    receive: Receive, answering: Coroutine[Any, Any, T], call: CallInProgress
) -> T | None:
    """What `answering` returns; None when the client left or cancelled `call`, and what was begun
    for it then stops.

    What is shielded, such as the rows of the audit log, is done first. A task group of anyio would
    do the same, and takes 0.044 ms instead of 0.017.
    """
    with call.leaving:
        watching = asyncio.create_task(_cancel_when_gone(receive, call.leaving))
        try:
            return await answering
        finally:
            watching.cancel()
    return None


async def _cancel_when_gone(receive: Receive, leaving: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    leaving.cancel()


@lru_cache(maxsize=64)
def _takes_json(accept: str) -> bool:
    """A missing Accept takes anything. Whatever is unusual here is for the SDK to judge."""
    types = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return not types.isdisjoint(("", "*/*", "application/*", "application/json"))


def _encoded(answer: Message) -> bytes:
    result = answer.get("result", {})
    tools = result.get("tools")
    # The others of this listing are answered with the same object, so it is not written into.
    written = {"result": {**result, "tools": tools.json}} if isinstance(tools, KeptTools) else {}
    try:
        return orjson.dumps(answer | written)
    except TypeError:  # an integer above 64 bits, or more levels than it takes
        return json.dumps(answer, separators=(",", ":")).encode()


_NOTHING_BUT_ANSWERS = TransportContext(kind="streamable-http", can_send_request=False)


@dataclass(frozen=True)
class _OneAnswer:
    """The SDK's `DispatchContext` of a request whose answer carries nothing but its result."""

    request_id: str | int
    message_metadata: ServerMessageMetadata
    transport: TransportContext = _NOTHING_BUT_ANSWERS
    cancel_requested: anyio.Event = field(default_factory=anyio.Event)
    can_send_request: bool = False

    async def send_raw_request(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> None:
        return None

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        return None
