"""The ASGI application: routes /mcp, /health and static files, and the rest to Django."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from django.conf import settings
from django.contrib.staticfiles.finders import (
    AppDirectoriesFinder,
    FileSystemFinder,
    get_finders,
)
from django.core.asgi import get_asgi_application
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infinity_mcp import choose_settings
from infinity_mcp.core import statement_timeout
from infinity_mcp.core.shutdown import drain_on_sigterm, serving, stop_with_parent
from infinity_mcp.middleware import RequestIdMiddleware
from infinity_mcp.telemetry.tracing import export_traces

gc.disable()  # until all is loaded: garbage collection took 0.2 of 1.3 s
choose_settings()
django = cast(ASGIApp, get_asgi_application())

from infinity_mcp.core.async_database import in_thread  # noqa: E402
from mcpserver.audit import rollups  # noqa: E402 - models can be imported once Django is set up
from mcpserver.http.app import McpApp  # noqa: E402
from oauthbridge import configured  # noqa: E402


class FoundStaticFiles(StaticFiles):
    """Serves static files from where Django's finders find them, so there is nothing to collect."""

    def get_directories(self, *_: object) -> list[str | os.PathLike[str]]:
        """The folders in which Django's finders look."""
        return [
            storage.location
            for finder in get_finders()
            if isinstance(finder, AppDirectoriesFinder | FileSystemFinder)
            for storage in finder.storages.values()
        ]


mcp = McpApp()


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Open all that requests need, and close it when the server stops."""
    await in_thread(configured.register_configured_client)
    await in_thread(configured.warn_of_unknown_user)
    statement_timeout.serve()
    async with mcp.running(), rollups.kept():
        gc.freeze()  # these objects stay, so collections can skip them
        export_traces()
        drain_on_sigterm(settings.DRAIN_SECONDS)
        stop_with_parent()
        with serving():  # less long than those above, which may fail
            yield


class Health(HTTPEndpoint):
    """Answers if the process runs. Uses no database and no thread, as all may be busy."""

    async def get(self, _: Request) -> JSONResponse:
        """Answer 200, even while the database is unreachable."""
        return JSONResponse({"ok": True, "service": "infinity-mcp"})


site = Starlette(
    routes=[
        Route("/health", Health),
        Mount("/static", FoundStaticFiles()),
        Mount("/", django),
    ],
    lifespan=lifespan,
)


async def _dispatch(scope: Scope, receive: Receive, send: Send) -> None:
    # Both spellings, so that neither gets a redirect. Bypasses the site's routing and middleware,
    # which take 0.03 ms.
    is_http = scope["type"] == "http"
    if is_http and scope["path"] in ("/mcp", "/mcp/"):
        await mcp(scope, receive, send)
        return
    if is_http and scope["method"] not in ("GET", "HEAD"):
        receive = _until_answered(receive)
    await site(scope, receive, mcp.forgetting_callers(send))


def _until_answered(receive: Receive) -> Receive:
    """`receive` of a request that may change something: reports a disconnect only while the body is
    read. Later, Django would make the change but send no answer, for which `forgetting_callers`
    waits."""
    is_read = False

    async def patient() -> Message:
        nonlocal is_read
        if is_read:
            await asyncio.Event().wait()  # until Django, which also waits here, has answered
        message = await receive()
        is_read = message["type"] == "http.request" and not message.get("more_body")
        return message

    return patient


application = RequestIdMiddleware(_dispatch)
gc.freeze()
gc.enable()
