"""Prints the tools that a user sees, and what listing them costs."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser
from mcp_types import Tool

from accounts.caller import Caller
from accounts.models import McpUser
from accounts.policy import Policy
from accounts.scopes import SCOPES
from credentials.management.base import CredentialsCommand
from mcpserver.context import CallContext, set_call
from mcpserver.gateway.clients import Upstream
from mcpserver.protocol.server import InfinityServer

# An estimate for JSON; language models differ.
BYTES_PER_TOKEN = 3.5


class Command(CredentialsCommand):
    help = "Prints the tools that a user sees, and what listing them costs a conversation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="an MCP user; without it, an admin")

    def handle(self, *args: Any, **options: Any) -> None:
        tools = asyncio.run(_listed(_policy(options["user"])))
        sizes = {tool.name: len(_as_sent(tool)) for tool in tools}
        total = sum(sizes.values())
        for name, size in sizes.items():
            self.stdout.write(f"{name:<42} {size:>6} bytes {_tokens(size):>6} tokens")
        self.stdout.write(
            f"{f'{len(sizes)} tools':<42} {total:>6} bytes {_tokens(total):>6} tokens (estimated)"
        )


def _policy(name: str | None) -> Policy:
    if name is None:
        return Policy(frozenset(SCOPES))
    user = McpUser.objects.select_related("profile").filter(name=name).first()
    if user is None:
        raise CommandError(f"There is no MCP user {name!r}: see `manage.py credentials_list`.")
    return user.policy


async def _listed(policy: Policy) -> list[Tool]:
    set_call(CallContext(Caller.from_environment("mcp_tools", policy)))
    return await InfinityServer(Upstream()).list_tools()


def _as_sent(tool: Tool) -> bytes:
    return orjson.dumps(tool.model_dump(by_alias=True, mode="json", exclude_none=True))


def _tokens(size: int) -> int:
    return round(size / BYTES_PER_TOKEN)
