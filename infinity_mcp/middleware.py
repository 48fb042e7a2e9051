"""What holds for every request over HTTP, whichever part of the server answers."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware import common
from django.utils.deprecation import MiddlewareMixin
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infinity_mcp.request_id import new_request_id

SEARCH_VAR = "q"  # of Django's admin
FOR_MACHINES = ("/ready", "/metrics")


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


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which refuses unknown hosts, but for what machines ask a replica by its address:
    a probe or Prometheus cannot send another Host. Those answers say nothing of the host."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path in FOR_MACHINES else super().process_request(request)


class NulSent(BadRequest):
    """A NUL was sent where text is meant."""


class AdminTextMiddleware(MiddlewareMixin):
    """Refuses what is sent to the admin with a NUL in it: no text has one, PostgreSQL takes none,
    and the admin asks it all the same."""

    def process_view(self, request: HttpRequest, *_: object) -> None:
        match = request.resolver_match
        if match is None or "admin" not in match.app_names:
            return
        sent = [*request.GET.lists(), *request.POST.lists()]
        # Of a text that is searched for, the list itself leaves it out.
        values = [str(each) for name, texts in sent if name != SEARCH_VAR for each in texts]
        if any("\0" in text for text in (request.path, *values)):
            raise NulSent


class Utf8Middleware(MiddlewareMixin):
    """Takes forms as UTF-8, whatever they claim: some charsets that Python has decode no text."""

    def process_request(self, request: HttpRequest) -> None:
        request.encoding = "utf-8"
