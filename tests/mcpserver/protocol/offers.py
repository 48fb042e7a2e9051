"""What the official client gets of prompts, resources and completions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference, TextContent

from tests.support import Server

T = TypeVar("T")

BOARD = ResourceTemplateReference(uri="infinity://workspaces/{ws}/boards/{board}")
REPORT = PromptReference(name="weekly_report")
TRIAGE = PromptReference(name="triage_folder")
NAMES = ["my_day", "weekly_report", "triage_folder", "write_up_item"]
WORKSPACE = "31337"


def ask(server: Server, key: str, question: Callable[[Client], Awaitable[T]]) -> T:
    """What the official client gets over a connection of its own."""

    async def asked() -> T:
        async with server.connected(key) as client:
            return await question(client)

    return asyncio.run(asked())


def refused(server: Server, key: str, question: Callable[[Client], Awaitable[Any]]) -> MCPError:
    """The error of what must fail."""

    async def asked(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await question(client)
        return caught.value

    error = ask(server, key, asked)
    assert "request_id" in error.data
    return error


def prompt_text(server: Server, key: str, name: str, **arguments: str) -> str:
    [message] = ask(server, key, lambda client: client.get_prompt(name, arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


def completed(
    server: Server,
    key: str,
    ref: PromptReference | ResourceTemplateReference,
    argument: str,
    typed: str = "",
    **others: str,
) -> list[str]:
    asked = {"name": argument, "value": typed}
    result = ask(server, key, lambda client: client.complete(ref, asked, others))
    return result.completion.values


def board_address(roadmap: dict[str, Any]) -> str:
    return "infinity://workspaces/{workspace_id}/boards/{board_id}".format(**roadmap)
