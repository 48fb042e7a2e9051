"""Adds prompts, resources and completions to the SDK's server, within the caller's rights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptResult,
    Prompt,
    PromptReference,
    ResourceTemplate,
    ResourceTemplateReference,
)
from pydantic import AnyUrl

from credentials.errors import CredentialError
from mcpserver.content.errors import WrongValue
from mcpserver.context import current_caller
from mcpserver.gateway.clients import Upstream
from mcpserver.infinity import InfinityError, JsonObject
from mcpserver.infinity.errors import InvalidIdentifier, NotFound
from mcpserver.protocol.completion import Completions
from mcpserver.protocol.prompts import PROMPTS, InfinityPrompt
from mcpserver.tools._registry import InfinityTool

BOARD = "infinity://workspaces/{ws}/boards/{board}"
BOARD_TOOL = "infinity_describe_board"
_ADDRESS = UriTemplate.parse(BOARD)
_LISTED = "infinity://workspaces/WORKSPACE_ID/boards/BOARD_ID"


class OfferingServer(MCPServer[Upstream]):
    """Offers prompts and a resource, each only to callers who may call the tools behind it."""

    tools: dict[str, InfinityTool]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._prompts = {prompt.name: prompt for prompt in PROMPTS}
        self._completions = Completions(self._data_of, self.may_call)
        self._lowlevel_server.add_request_handler(
            "completion/complete", CompleteRequestParams, self._complete
        )

    def may_call(self, name: str) -> bool:
        """Whether there is such a tool and the caller may call it."""
        tool = self.tools.get(name)
        return tool is not None and current_caller().policy.allows(tool.name, tool.scope)

    # --- Prompts ----------------------------------------------------------------------------------

    async def list_prompts(self) -> list[Prompt]:
        """The prompts whose tools the caller may call."""
        return [each.listed() for each in self._prompts.values() if not self._missing(each)]

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Upstream, Any] | None = None,
    ) -> GetPromptResult:
        """The message of a prompt. Raises MCPError with a text that says what to do."""
        prompt = self._prompt(name)
        try:
            return prompt.filled_in(arguments or {})
        except WrongValue as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error

    def _prompt(self, name: str) -> InfinityPrompt:
        prompt = self._prompts.get(name)
        if prompt is None:
            text = f"There is no prompt {name[:80]!r}. List the prompts to see their names."
            raise MCPError(INVALID_PARAMS, text)
        if missing := self._missing(prompt):
            text = f"{prompt.name} needs {', '.join(missing)}, not among this connection's tools."
            how = "The operator can allow it, or your client's configuration leaves it out."
            raise MCPError(INVALID_PARAMS, f"{text} {how}")
        return prompt

    def _missing(self, prompt: InfinityPrompt) -> list[str]:
        return [tool for tool in prompt.tools if not self.may_call(tool)]

    # --- Resources --------------------------------------------------------------------------------

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """The address of a board's description, for callers who may have it."""
        if not self.may_call(BOARD_TOOL):
            return []
        return [
            ResourceTemplate(
                uri_template=BOARD,
                name="board",
                title="Board",
                description="A board's attributes, labels, members, folders and views.",
                mime_type="text/markdown",
            )
        ]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Upstream, Any] | None = None
    ) -> Iterable[ReadResourceContents]:
        """What the tool says of the board. Raises ResourceError with a text that says what to do.

        It is a call of the tool, and is checked, limited and recorded as one.
        """
        place = _ADDRESS.match(str(uri))
        if place is None:
            raise ResourceNotFoundError(f"There is no such resource. A board's is {_LISTED}.")
        arguments = {"workspace_id": place["ws"], "board_id": place["board"]}
        try:
            result = await self.call_tool(BOARD_TOOL, arguments)
        except UnexpectedToolError as error:
            raise UnexpectedResourceError(str(error)) from error.__cause__
        except ToolError as error:
            kind = ResourceError if _is_upstream(error) else ResourceNotFoundError
            raise kind(str(error)) from error
        assert isinstance(result, CallToolResult)
        text = "\n".join(getattr(part, "text", "") for part in result.content)
        return [ReadResourceContents(content=text, mime_type="text/markdown")]

    # --- Completions ------------------------------------------------------------------------------

    async def _complete(
        self, ctx: ServerRequestContext[Upstream, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        """Complete an argument of a prompt by name, and one of an address by id."""
        others = (params.context and params.context.arguments) or {}
        name, is_prompt = params.argument.name, isinstance(params.ref, PromptReference)
        known = self._arguments_of(params.ref)
        if name not in known:
            text = f"There is no argument {name[:40]!r}; there are: {', '.join(known)}."
            raise MCPError(INVALID_PARAMS, text)
        place = {known[each]: value for each, value in others.items() if each in known}
        try:
            found = await self._completions.complete(
                known[name], params.argument.value, place, as_ids=not is_prompt
            )
        except UnexpectedToolError:
            raise  # and be logged
        except ToolError as error:
            code = INTERNAL_ERROR if _is_upstream(error) else INVALID_PARAMS
            raise MCPError(code, str(error)) from error
        return CompleteResult(completion=found)

    def _arguments_of(self, ref: PromptReference | ResourceTemplateReference) -> dict[str, str]:
        """The kinds of record that its arguments name. Raises MCPError if there is no such ref."""
        if isinstance(ref, PromptReference):
            return {name: name for name in self._prompt(ref.name).arguments}
        if ref.uri != BOARD or not self.may_call(BOARD_TOOL):
            raise MCPError(INVALID_PARAMS, "There is no such resource template; list them.")
        return {"ws": "workspace", "board": "board"}

    async def _data_of(self, tool: str, arguments: JsonObject) -> JsonObject:
        result = await self.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        data: JsonObject = result.structured_content or {}
        return data


def _is_upstream(error: ToolError) -> bool:
    """Whether the call failed for a reason that its caller cannot change."""
    cause = error.__cause__
    is_wrong = isinstance(cause, NotFound | InvalidIdentifier)
    return isinstance(cause, InfinityError | CredentialError) and not is_wrong
