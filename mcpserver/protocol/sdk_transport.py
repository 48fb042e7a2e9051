"""Answers a request with the SDK's HTTP transport, in JSON or as events."""

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

from mcpserver.gateway.clients import CallInProgress
from mcpserver.protocol.errors import cancelled_answer, with_request_id
from mcpserver.protocol.fast_path import cancel_on_disconnect
from mcpserver.protocol.server import InfinityServer


class SdkTransport:
    """Answers requests with the SDK's session managers. `running()` spans its lifetime."""

    def __init__(self, server: InfinityServer) -> None:
        manager = partial(
            StreamableHTTPSessionManager,
            server._lowlevel_server,
            stateless=True,
            max_request_body_size=settings.MCP_MAX_REQUEST_BYTES,
        )
        # One answers in JSON; the other with events, for calls that ask for progress.
        self._json, self._events = manager(json_response=True), manager(json_response=False)
        # Otherwise SIGTERM would end the event streams, and their calls with them. Uvicorn waits
        # until the calls are done.
        AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs both session managers while the block runs."""
        async with self._json.run(), self._events.run():
            yield

    async def answer(
        self,
        request: Request,
        body: bytes,
        send: Send,
        call: CallInProgress,
        *,
        as_events: bool,
    ) -> None:
        """Answer `request`, whose body has been read already."""
        manager = self._events if as_events else self._json
        scope, receive = _with_plain_headers(request.scope), _replayed(body, request.receive)
        del body  # it may be large, and the call may be long
        tracked = _TrackedSend(send)
        answering = manager.handle_request(scope, receive, with_request_id(tracked))
        await cancel_on_disconnect(request.receive, answering, call)
        if call.is_cancelled:
            await tracked.end(cancelled_answer(call.id), request)


class _TrackedSend:
    """Wraps `send` and notes whether an answer has begun and ended."""

    def __init__(self, send: Send) -> None:
        self._send, self._began, self._ended = send, False, False

    async def __call__(self, message: Message) -> None:
        self._began = True
        is_body = message["type"] == "http.response.body"
        self._ended = is_body and not message.get("more_body", False)
        await self._send(message)

    async def end(self, answer: Response, request: Request) -> None:
        """Send `answer`, or only end the answer that has already begun."""
        if not self._began:
            await answer(request.scope, request.receive, self._send)
        elif not self._ended:
            await self._send({"type": "http.response.body", "body": b""})


def _with_plain_headers(scope: Scope) -> Scope:
    """The SDK requires JSON by name, in lower case; here no Accept or `*/*` includes it."""
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
