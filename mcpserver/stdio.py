"""MCP over standard input and output, with the Infinity token of the environment."""

from __future__ import annotations

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import SCOPES
from mcpserver.auth import set_caller
from mcpserver.server import InfinityServer
from mcpserver.upstream import Upstream


async def serve() -> None:
    """Serve until standard input ends. Needs INFINITY_API_TOKEN and no database."""
    set_caller(Caller.from_environment("stdio", Policy(frozenset(SCOPES))))
    async with Upstream().opened() as upstream:
        await InfinityServer(upstream).run_stdio_async()
