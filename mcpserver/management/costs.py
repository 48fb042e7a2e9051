"""Measures what tools cost a conversation: their listing, and the results of typical calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import orjson
from mcp_types import CallToolResult, TextContent

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import SCOPES
from credentials.access import InfinityAccess, TokenFromEnvironment
from mcpserver.context import CallContext, current_call, set_call
from mcpserver.gateway.clients import Upstream
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.management.tokens import LISTING_BYTES_PER_TOKEN, RESULT_BYTES_PER_TOKEN
from mcpserver.protocol.server import InfinityServer

# What agents read most. Tools that do not exist are skipped.
CALLS: list[tuple[str, JsonObject]] = [
    ("infinity_get_profile", {}),
    ("infinity_list_workspaces", {}),
    ("infinity_list_boards", {}),
    ("infinity_describe_board", {}),
    ("infinity_list_attributes", {}),
    ("infinity_list_items", {"expand": ["values"]}),
    ("infinity_list_items", {"expand": ["values.attribute"]}),
    ("infinity_get_item", {"expand": ["values.attribute"]}),
    ("infinity_read_item", {}),
    ("infinity_get_item_values", {}),
    ("infinity_list_comments", {}),
]


@dataclass(frozen=True)
class ToolCost:
    """A tool as `tools/list` sends it, and what a model gets of it."""

    listed: JsonObject

    @property
    def name(self) -> str:
        """The name of the tool."""
        return str(self.listed["name"])

    @property
    def size(self) -> int:
        """Bytes of name, description and schema: the rest does not reach a model."""
        shown = ("name", "description", "inputSchema")
        return len(orjson.dumps({key: self.listed[key] for key in shown}))

    @property
    def tokens(self) -> int:
        """The estimated tokens of `size`."""
        return listing_tokens(self.size)


@dataclass(frozen=True)
class ResultCost:
    """The result of one call as clients hand it to their model."""

    tool: str
    arguments: JsonObject
    format: str
    text: str = field(repr=False)

    @property
    def call(self) -> str:
        """The tool and its arguments, without ids."""
        given = (f"{name}={','.join(value)}" for name, value in self.arguments.items())
        return " ".join((self.tool, *given))

    @property
    def tokens(self) -> int:
        """The estimated tokens of `text`."""
        return round(len(self.text.encode()) / RESULT_BYTES_PER_TOKEN[self.format])


def listing_tokens(size: int) -> int:
    """The estimated tokens of this many bytes of a listing."""
    return round(size / LISTING_BYTES_PER_TOKEN)


async def listing_costs(policy: Policy) -> list[ToolCost]:
    """The tools that a policy allows, in listing order."""
    set_call(CallContext(Caller.from_environment("mcp_tools", policy)))
    tools = await InfinityServer(Upstream()).list_tools()
    return [
        ToolCost(tool.model_dump(by_alias=True, mode="json", exclude_none=True)) for tool in tools
    ]


async def result_costs() -> list[ResultCost]:
    """The results of CALLS in a new sandbox, in each format. Raises ToolError if one fails."""
    async with SandboxOnly().opened() as sandbox:
        from mcpserver.sandbox import ADA_TOKEN  # without --results, it is not needed

        caller = Caller.from_environment("mcp_tools", Policy(frozenset(SCOPES)))
        ada = replace(caller, profile=TokenFromEnvironment(token=ADA_TOKEN))
        set_call(CallContext(ada, sandbox))
        place = await _place(current_call().client)
        return [cost async for cost in _results(InfinityServer(sandbox), place)]


async def _place(api: InfinityClient) -> JsonObject:
    """The ids of the first item of the first board that has comments."""
    workspace = (await api.list("workspaces"))["data"][0]["id"]
    board = (await api.list("workspaces/{ws}/boards", ws=workspace))["data"][0]["id"]
    items = "workspaces/{ws}/boards/{board}/items"
    async for item in api.walk(items, ws=workspace, board=board):
        comments = await api.list(
            f"{items}/{{item}}/comments", ws=workspace, board=board, item=item["id"]
        )
        if comments["data"]:
            return {"workspace_id": workspace, "board_id": board, "item_id": item["id"]}
    raise LookupError("The sandbox has no comment.")


async def _results(server: InfinityServer, place: JsonObject) -> AsyncIterator[ResultCost]:
    for name, arguments in CALLS:
        if tool := server.tools.get(name):
            at = {key: place[key] for key in place if key in tool.parameters["properties"]}
            for format in RESULT_BYTES_PER_TOKEN:
                asked = {**at, **arguments, "response_format": format}
                result = await server.call_tool(name, asked)
                assert isinstance(result, CallToolResult)
                yield ResultCost(name, arguments, format, _shown(result))


def _shown(result: CallToolResult) -> str:
    """Structured content if there is any, which several clients show instead of the text."""
    if result.structured_content is not None:
        return orjson.dumps(result.structured_content).decode()
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


class SandboxOnly(Upstream):
    """The built-in sandbox and no other Infinity; requests to it are not paced."""

    def client(self, profile: InfinityAccess, user: str) -> InfinityClient:
        """A client for one call."""
        return InfinityClient(
            self._sandbox,
            base_url="http://sandbox/api/v2",
            api_version=profile.api_version,
            token=profile.open_token(),
        )
