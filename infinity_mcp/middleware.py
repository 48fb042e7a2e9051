"""Middleware for all requests: request ids, host names, NULs in the admin, form encoding."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware import common
from django.utils.deprecation import MiddlewareMixin
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infinity_mcp.core.request_id import new_request_id

SEARCH_VAR = "q"  # as in Django's admin
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
    """Django's, which refuses unknown hosts, but not at the addresses for probes and Prometheus,
    which ask a replica by its IP address. Those answers do not depend on the host."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Check the host, except at the addresses for machines."""
        return None if request.path in FOR_MACHINES else super().process_request(request)


class NulSent(BadRequest):
    """The request has a NUL in a text."""


class AdminTextMiddleware(MiddlewareMixin):
    """Refuses requests to the admin with a NUL in them, which the admin would pass on and
    PostgreSQL does not accept."""

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Raise NulSent if the path or a value sent to the admin has a NUL."""
        match = request.resolver_match
        if match is None or "admin" not in match.app_names:
            return
        sent = [*request.GET.lists(), *request.POST.lists()]
        # The list itself removes it from the search text.
        values = [str(each) for name, texts in sent if name != SEARCH_VAR for each in texts]
        if any("\0" in text for text in (request.path, *values)):
            raise NulSent


class Utf8Middleware(MiddlewareMixin):
    """Reads all forms as UTF-8, ignoring their charset: some of Python's codecs decode no text."""

    def process_request(self, request: HttpRequest) -> None:
        """Decode the form as UTF-8."""
        request.encoding = "utf-8"
