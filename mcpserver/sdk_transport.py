"""Answers a request with the SDK's own HTTP transports: JSON, or events for progress."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from django.conf import settings
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from sse_starlette.sse import AppStatus
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from mcpserver.exchange import unless_gone
from mcpserver.refusal import with_request_id
from mcpserver.server import InfinityServer


class SdkTransport:
    """`running()` spans its lifetime."""

    def __init__(self, server: InfinityServer) -> None:
        manager = partial(
            StreamableHTTPSessionManager,
            server._lowlevel_server,
            stateless=True,
            max_request_body_size=settings.MCP_MAX_REQUEST_BYTES,
        )
        # One answers with JSON; the other with events, for calls whose progress is asked for.
        self._json, self._events = manager(json_response=True), manager(json_response=False)
        # Its event streams would end on SIGTERM, with the calls that they are for; they end when
        # those calls do, and uvicorn waits for that.
        AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._json.run(), self._events.run():
            yield

    async def answer(
        self,
        request: Request,
        body: bytes,
        send: Send,
        *,
        wants_progress: bool,
    ) -> None:
        manager = self._events if wants_progress else self._json
        scope, receive = _with_plain_headers(request.scope), _replayed(body, request.receive)
        del body  # it may be large, and the call may be long
        answering = manager.handle_request(scope, receive, with_request_id(send))
        await unless_gone(request.receive, answering)


def _with_plain_headers(scope: Scope) -> Scope:
    """The SDK wants JSON named, in lower case; a missing or `*/*` Accept takes anything."""
    accept = ", ".join(Headers(scope=scope).getlist("accept")) or "*/*"
    if "*/*" in accept:
        accept += ", application/json"
    scope = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=scope)
    headers["accept"], headers["content-type"] = accept, "application/json"
    return scope


def _replayed(body: bytes, receive: Receive) -> Receive:
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay
