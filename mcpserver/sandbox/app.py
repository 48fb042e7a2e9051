"""Builds the sandbox's ASGI application."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcpserver.sandbox import control
from mcpserver.sandbox.data.people import TOKENS
from mcpserver.sandbox.endpoint import Endpoint, bearer_token
from mcpserver.sandbox.errors import ApiError, NoSuchRoute
from mcpserver.sandbox.operations import OPERATIONS, Operation
from mcpserver.sandbox.resources import attachments
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.state import UNKNOWN_TOKEN, Deliver, LoggedRequest, Sandbox

API = "/api/v2"
CONTROL = "/_sandbox"
DEFAULTS = Options()


def create_app(
    options: Options = DEFAULTS,
    *,
    clock: Callable[[], float] = time.time,
    deliver: Deliver | None = None,
) -> Starlette:
    """A fresh sandbox with its own data, under /api/v2. `app.state.sandbox` is its Sandbox.

    `clock` gives Unix seconds. `deliver` sends the hooks' deliveries; without it they are only
    recorded.
    """
    sandbox = Sandbox(options, clock, deliver)
    app = Starlette(
        routes=_routes(sandbox),
        middleware=[Middleware(Frame, sandbox=sandbox)],
        exception_handlers={404: _no_such_route},
    )
    app.router.redirect_slashes = False
    app.state.sandbox = sandbox
    return app


class Frame:
    """Wraps every request: tolerates a trailing slash, marks the answer, counts the request.

    While a fault is switched on, it plays that instead of an answer.
    """

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or play the fault that is switched on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": scope["path"].rstrip("/") or "/"}

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Infinity-Sandbox"] = "1"
                self._count(scope, message["status"])
            await send(message)

        fault = None if self._is_control(scope) else self.sandbox.faults.take(scope)
        if fault is None:
            await self.app(scope, receive, marked)
        else:
            self._count(scope, fault.status)
            exchange = self.sandbox.faults.exchange(scope, receive, send)
            await fault.play(exchange, self.sandbox.clock())

    def _is_control(self, scope: Scope) -> bool:
        return str(scope["path"]).startswith(CONTROL)

    def _count(self, scope: Scope, status: int) -> None:
        if self._is_control(scope):
            return
        token = bearer_token(Request(scope))
        entry = LoggedRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=status,
            token=token if token in TOKENS else UNKNOWN_TOKEN,
            at=self.sandbox.clock(),
        )
        self.sandbox.requests.add(entry)


def _routes(sandbox: Sandbox) -> list[Route]:
    by_path: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        by_path[operation.path].append(operation)

    async def download(request: Request) -> Response:
        try:
            return attachments.download(sandbox, request)
        except ApiError as error:
            return error.response()

    return [
        *(Route(API + path, Endpoint(sandbox, found)) for path, found in by_path.items()),
        Route(attachments.DOWNLOAD_PATH, download, name=attachments.DOWNLOAD_ROUTE),
        Route(CONTROL + "/requests", control.show_requests),
        Route(CONTROL + "/reset", control.reset, methods=["POST"]),
        Route(CONTROL + "/fault", control.choose_fault, methods=["POST"]),
    ]


async def _no_such_route(request: Request, error: Exception) -> Response:
    return NoSuchRoute(request.url.path).response()
