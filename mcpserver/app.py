"""The ASGI application behind /mcp: who asks, may this request be read at all, then the SDK.

The order is a promise (security.md 1-5): OPTIONS, the credential, Host and Origin, method, body.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from mcpserver.auth import authenticate, bearer_credential, challenge, set_caller
from mcpserver.refusal import Refusal
from mcpserver.server import InfinityServer
from mcpserver.upstream import Upstream

logger = logging.getLogger(__name__)

REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Mcp-Method",
    "Mcp-Name",
)
RESPONSE_HEADERS = ("WWW-Authenticate", "Retry-After")
PARSE_ERROR, INVALID_REQUEST = -32700, -32600


class McpApp:
    """Answers every request to /mcp. `running()` spans its lifetime."""

    def __init__(self) -> None:
        self._upstream = Upstream()
        server = InfinityServer(self._upstream)._lowlevel_server
        # One answers with JSON; the other with events, for calls that ask for progress.
        self._json = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
        self._events = StreamableHTTPSessionManager(server, json_response=False, stateless=True)
        self._cors = CORSMiddleware(
            self._handle,
            allow_methods=["POST"],
            allow_headers=REQUEST_HEADERS,
            allow_origin_regex="|".join(map(_origin_pattern, settings.MCP_ALLOWED_ORIGINS)) or "$^",
            expose_headers=RESPONSE_HEADERS,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._upstream.opened(), self._json.run(), self._events.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Each request has a thread of its own for the database, and no connection outlives it.
        async with ThreadSensitiveContext():
            await self._cors(scope, receive, _uncached(send))

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            if request.method == "OPTIONS":
                headers = {"Allow": "POST, OPTIONS", **self._cors.preflight_headers}
                await Response(status_code=204, headers=headers)(scope, receive, send)
                return
            await self._admit(request)
            body = await _read_body(request)
            message = _read_message(request, body)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
            return
        manager = self._events if _wants_progress(request, message) else self._json
        await manager.handle_request(_with_accept(scope), _replayed(body, receive), send)

    async def _admit(self, request: Request) -> None:
        """Authenticate, then check that the request may come this way. Raises Refusal."""
        credential = bearer_credential(request.headers)
        try:
            caller = await authenticate(credential) if credential else None
        except DatabaseError:
            logger.exception("The database did not answer")
            raise Refusal(
                503, "The server cannot check credentials at the moment.", retry_after="5"
            ) from None
        if caller is None:
            raise Refusal(
                401,
                "Send a live key as `Authorization: Bearer <key>`.",
                www_authenticate=challenge(credential),
            )
        set_caller(caller)
        self._check_origin(request.headers)
        if request.method != "POST":
            raise Refusal(405, "Only POST is answered here.", allow="POST, OPTIONS")

    def _check_origin(self, headers: Headers) -> None:
        host, _ = split_domain_port(headers.get("host", ""))
        if not (host and validate_host(host, settings.ALLOWED_HOSTS)):
            raise Refusal(421, "This host name is not served here; see ALLOWED_HOSTS.")
        origin = headers.get("origin")
        if origin is not None and not self._cors.is_allowed_origin(origin):
            raise Refusal(403, "This origin may not call /mcp; see MCP_ALLOWED_ORIGINS.")


def _origin_pattern(origin: str) -> str:
    return re.escape(origin).replace(r":\*", r"(:\d+)?")


async def _read_body(request: Request) -> bytes:
    limit = settings.MCP_MAX_REQUEST_BYTES
    too_large = Refusal(413, f"The request is larger than {limit} bytes.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _read_message(request: Request, body: bytes) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Refusal(400, "Content-Type must be application/json.", code=INVALID_REQUEST)
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"The body is not valid JSON: {error}", code=PARSE_ERROR) from None
    if not isinstance(message, dict):
        text = "Send one JSON-RPC message, not a batch or a bare value."
        raise Refusal(400, text, code=INVALID_REQUEST)
    if "id" in message and type(message["id"]) not in (str, int):
        # The SDK would take it for a notification and answer nothing.
        raise Refusal(400, "id must be a string or a whole number.", code=INVALID_REQUEST)
    return message


def _wants_progress(request: Request, message: dict[str, Any]) -> bool:
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    asks = isinstance(meta, dict) and meta.get("progressToken") is not None
    return asks and "text/event-stream" in request.headers.get("accept", "")


def _with_accept(scope: Scope) -> Scope:
    """The SDK wants JSON named; a missing or `*/*` Accept takes anything (predecessor.md 7)."""
    accept = Headers(scope=scope).get("accept", "*/*")
    if "*/*" not in accept:
        return scope
    scope = {**scope, "headers": list(scope["headers"])}
    MutableHeaders(scope=scope)["accept"] = f"{accept}, application/json"
    return scope


def _replayed(body: bytes, receive: Receive) -> Receive:
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay


def _uncached(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Cache-Control"] = "no-store"
            headers.add_vary_header("Authorization")
        await send(message)

    return sent
