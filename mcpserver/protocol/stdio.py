"""Serves MCP over standard input and output, with the token of the environment."""

from __future__ import annotations

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import SCOPES
from infinity_mcp.core.files.standard_files import OutputLost
from mcpserver.context import CallContext, set_call
from mcpserver.gateway.clients import Upstream
from mcpserver.protocol.server import InfinityServer


async def serve() -> None:
    """Serve until standard input ends. Needs INFINITY_API_TOKEN and no database.

    Raises OutputLost when the client stops reading before that.
    """
    set_call(CallContext(Caller.from_environment("stdio", Policy(frozenset(SCOPES)))))
    try:
        async with Upstream().opened() as upstream:
            await InfinityServer(upstream).run_stdio_async()
    except BaseExceptionGroup as group:
        if error := _find_os_error(group):
            raise OutputLost from error
        raise


def _find_os_error(error: BaseException) -> OSError | None:
    """The first OSError in an exception group: that of a task that reads or writes."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_find_os_error, error.exceptions)), None)
    return error if isinstance(error, OSError) else None
