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
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from mcpserver.cancelling import CallInProgress
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
        call: CallInProgress,
        *,
        wants_progress: bool,
    ) -> None:
        manager = self._events if wants_progress else self._json
        scope, receive = _with_plain_headers(request.scope), _replayed(body, request.receive)
        del body  # it may be large, and the call may be long
        noted = _Noted(send)
        answering = manager.handle_request(scope, receive, with_request_id(noted))
        await unless_gone(request.receive, answering, call)
        if call.is_cancelled:
            await noted.end(call.cancelled_answer(), request)


class _Noted:
    """`send` that knows how far the answer is."""

    def __init__(self, send: Send) -> None:
        self._send, self._began, self._ended = send, False, False

    async def __call__(self, message: Message) -> None:
        self._began = True
        is_body = message["type"] == "http.response.body"
        self._ended = is_body and not message.get("more_body", False)
        await self._send(message)

    async def end(self, answer: Response, request: Request) -> None:
        """With `answer`, unless another has begun."""
        if not self._began:
            await answer(request.scope, request.receive, self._send)
        elif not self._ended:
            await self._send({"type": "http.response.body", "body": b""})


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
