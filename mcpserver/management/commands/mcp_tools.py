"""Prints the tools that a user sees, and what they cost a conversation."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser
from mcp.server.mcpserver.exceptions import ToolError

from accounts.models import McpUser
from accounts.policy import Policy
from accounts.scopes import ACCESS, SCOPES
from credentials.management.base import CredentialsCommand
from mcpserver.infinity import JsonObject
from mcpserver.management.costs import (
    ResultCost,
    ToolCost,
    listing_costs,
    listing_tokens,
    result_costs,
)


class Command(CredentialsCommand):
    help = (
        "Prints the tools that a user sees, and what a model gets of them: bytes of name, "
        "description and schema, and estimated tokens. Needs no account and changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--user", metavar="NAME", help="an MCP user; without it, an admin")
        whose.add_argument("--access", choices=ACCESS, help="any user with this access")
        parser.add_argument(
            "--results",
            action="store_true",
            help="also the results of typical calls, made in the built-in sandbox",
        )
        parser.add_argument("--json", action="store_true", help="print JSON, with all that is sent")

    def handle(self, *args: Any, **options: Any) -> None:
        tools = asyncio.run(listing_costs(_policy(options["user"], options["access"])))
        results = _results() if options["results"] else []
        if options["json"]:
            content = orjson.dumps(_report(tools, results), option=orjson.OPT_INDENT_2)
            self.stdout.write(content.decode())
            return
        for tool in tools:
            self.stdout.write(_line(tool.name, tool.size, "bytes", tool.tokens))
        total = sum(tool.size for tool in tools)
        of_all = _line(f"{len(tools)} tools", total, "bytes", listing_tokens(total))
        self.stdout.write(f"{of_all} (estimated)")
        for result in results:
            name = f"{result.call} {result.format}"
            self.stdout.write(_line(name, len(result.text), "characters", result.tokens))


def _policy(name: str | None, access: str | None) -> Policy:
    if name is None:
        return Policy(frozenset(ACCESS[access] if access else SCOPES))
    user = McpUser.objects.select_related("profile").filter(name=name).first()
    if user is None:
        raise CommandError(f"There is no MCP user {name!r}: see `manage.py credentials_list`.")
    return user.policy


def _results() -> list[ResultCost]:
    try:
        return asyncio.run(result_costs())
    except ToolError as error:
        raise CommandError(f"A call in the sandbox failed: {error}") from error


def _line(name: str, size: int, unit: str, tokens: int) -> str:
    return f"{name:<60} {size:>6} {unit:<10} {tokens:>6} tokens"


def _report(tools: list[ToolCost], results: list[ResultCost]) -> JsonObject:
    total = sum(tool.size for tool in tools)
    return {
        "tools": [
            {"name": each.name, "bytes": each.size, "tokens": each.tokens, "listed": each.listed}
            for each in tools
        ],
        "total": {"tools": len(tools), "bytes": total, "tokens": listing_tokens(total)},
        "results": [
            {
                "tool": each.tool,
                "arguments": each.arguments,
                "format": each.format,
                "characters": len(each.text),
                "tokens": each.tokens,
                "text": each.text,
            }
            for each in results
        ],
    }
