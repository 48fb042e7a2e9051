"""What holds for every request over HTTP, whichever part of the server answers."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infinity_mcp.request_id import new_request_id


class RequestIdMiddleware:
    """Gives each request an id: in its log lines, and in its answer as `X-Request-Id`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id()

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, marked)


class Utf8Middleware(MiddlewareMixin):
    """Takes forms as UTF-8, whatever they claim: some charsets that Python has decode no text."""

    def process_request(self, request: HttpRequest) -> None:
        request.encoding = "utf-8"
