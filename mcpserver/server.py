"""The MCP server: the three tool decorators, what a caller sees listed, and what may be called."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import Any, cast

from anyio.lowlevel import checkpoint_if_cancelled
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from mcp_types import Tool as ListedTool

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import ADMIN, READ, WRITE
from credentials.errors import CredentialError
from infinity_mcp import __version__
from infinity_mcp.request_id import current_request_id
from mcpserver import notices
from mcpserver.arguments import ToolArguments
from mcpserver.audit import (
    MISSING_SCOPE,
    TOOL_NOT_ALLOWED,
    UNKNOWN_TOOL,
    AuditLog,
    as_id,
    as_tool,
    tool_call,
)
from mcpserver.auth import current_caller
from mcpserver.infinity import InfinityError, JsonObject
from mcpserver.middleware import KeptListings, set_data_aside, with_data, with_told_errors
from mcpserver.params import WrongValue
from mcpserver.refusal import bounded, error_meta
from mcpserver.rows import CallRow
from mcpserver.signatures import ToolFunction, published
from mcpserver.upstream import Upstream, set_upstream

# What every client is told on connecting (at most 1,500 characters).
INSTRUCTIONS = """\
Infinity keeps work in workspaces > boards > folders > items; a board's attributes say which \
values its items have. Find ids in that order: workspaces, boards, folders, attributes, items. An \
id belongs to one workspace and board; never guess one.
An item has no title field: its title and all else are values, returned only with \
expand=["values.attribute"]. To say something about an item, comment on it; to change its state, \
update its values.
Infinity has no text search and no filter by value: page through a list (limit up to 100, then \
after=<cursor>; sort_by id or created_at) and look. Boards cannot be changed or deleted here.
Every tool also takes response_format="json": records as Infinity keeps them."""

# Errors whose text is written for a model.
TOLD = (InfinityError, CredentialError, WrongValue, ToolError)

logger = logging.getLogger(__name__)

_tools: list[InfinityTool] = []


class InfinityTool(Tool):
    """A tool and the scope that calling it takes."""

    scope: str = ""

    @classmethod
    def of(cls, function: ToolFunction, scope: str, annotations: ToolAnnotations) -> InfinityTool:
        name = function.__name__
        plain = cls.from_function(
            published(function),
            title=name.removeprefix("infinity_").replace("_", " ").capitalize(),
            description=" ".join((inspect.getdoc(function) or "").split()),
            annotations=annotations,
            structured_output=False,
        )
        updates = scope == WRITE and bool(annotations.idempotent_hint)
        arguments = ToolArguments.of(plain.fn_metadata, updates=updates)
        tool = cast("InfinityTool", plain)  # the SDK makes one of the class it is asked on
        tool.scope, tool.fn_metadata, tool.parameters = scope, arguments, arguments.lean_schema
        return tool

    @property
    def changes(self) -> bool:
        return self.scope != READ

    @property
    def reports_progress(self) -> bool:
        """What takes the SDK's Context reports on the way; nothing else needs it."""
        return self.context_kwarg is not None

    @cached_property
    def id_names(self) -> tuple[str, ...]:
        """The parameters that say what the call is about."""
        names = cast("ToolArguments", self.fn_metadata).names
        return tuple(name for name in names if name.endswith("_id"))

    def call_by(self, caller: Caller, arguments: Any) -> CallRow:
        """The row for the audit log."""
        return tool_call(
            caller,
            self.name,
            changes=self.changes,
            arguments=arguments,
            id_names=self.id_names,
        )

    def listed(self) -> ListedTool:
        return ListedTool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.parameters,
            annotations=self.annotations,
        )


def read_tool(function: ToolFunction) -> ToolFunction:
    """A tool that changes nothing."""
    return _tool(function, READ, read_only=True, idempotent=True)


def write_tool(
    *, destructive: bool = False, idempotent: bool = False
) -> Callable[[ToolFunction], ToolFunction]:
    """A tool that creates something or, when idempotent, updates it."""
    return lambda function: _tool(function, WRITE, destructive=destructive, idempotent=idempotent)


def admin_tool(
    *, destructive: bool = False, idempotent: bool = False
) -> Callable[[ToolFunction], ToolFunction]:
    """A tool that removes something, or changes who may do what."""
    return lambda function: _tool(function, ADMIN, destructive=destructive, idempotent=idempotent)


def _tool(
    function: ToolFunction,
    scope: str,
    *,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
) -> ToolFunction:
    # A hint that is MCP's default is not sent, apart from these two.
    annotations = ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=None if read_only else destructive,
        idempotent_hint=idempotent or None,
    )
    _tools.append(InfinityTool.of(function, scope, annotations))
    return function


def all_tools() -> list[InfinityTool]:
    """Every tool, in the order of the listing."""
    importlib.import_module("mcpserver.tools")  # where the decorators above are used
    return list(_tools)


def tool_names() -> set[str]:
    return {tool.name for tool in all_tools()}


def tool_titles(policy: Policy) -> dict[str, list[str]]:
    """By scope, the titles of the tools that `policy` allows, in the order of the listing."""
    return {
        scope: [
            tool.title or tool.name
            for tool in all_tools()
            if tool.scope == scope and policy.allows(tool.name, scope)
        ]
        for scope in policy.ordered_scopes
    }


class NotAllowed(ToolError):
    """A call that the caller may not make; `why` is a word for the audit log."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


class InfinityServer(MCPServer[Upstream]):
    """All tools, each shown to and callable by those callers only whose policy allows it.

    Calls are written to `log`; without a database there is none.
    """

    def __init__(self, upstream: Upstream, log: AuditLog | None = None) -> None:
        self.upstream, self._log = upstream, log
        tools = all_tools()
        super().__init__(
            "infinity-mcp",
            title="Infinity",
            version=__version__,
            instructions=INSTRUCTIONS,
            tools=list(tools),
            lifespan=lambda _: nullcontext(upstream),
            subscriptions=False,  # the tools never change while the server runs
            log_level="WARNING",
            middleware=[KeptListings(), with_data],
        )
        self.middleware.insert(0, with_told_errors)  # around the SDK's own, too
        self.tools = {tool.name: tool for tool in tools}
        # The SDK offers these whether there are any or not, and clients ask for them in vain.
        for kind in ("prompts/list", "prompts/get", "resources/list", "resources/read"):
            del self._lowlevel_server._request_handlers[kind]
        del self._lowlevel_server._request_handlers["resources/templates/list"]

    async def list_tools(self) -> list[ListedTool]:
        policy = current_caller().policy
        return [
            tool.listed() for tool in self.tools.values() if policy.allows(tool.name, tool.scope)
        ]

    async def answer(self, name: str, arguments: dict[str, Any]) -> JsonObject:
        """What the SDK makes of `call_tool` for a client, without the checks of each part of it.

        Saves 0.5 of 2.0 million instructions. Not for a tool that takes the SDK's Context.
        """
        try:
            result = await self.call_tool(name, arguments)
        except ToolError as error:
            if isinstance(error, UnexpectedToolError):
                logger.exception("Tool %r raised an unexpected exception", name)
            content = [{"type": "text", "text": str(error)}]
            return {"content": content, "isError": True, "_meta": error_meta()}
        assert isinstance(result, CallToolResult)
        content = [
            part.model_dump(by_alias=True, mode="json", exclude_none=True)
            for part in result.content
        ]
        return {
            "content": content,
            "structuredContent": result.structured_content,
            "isError": False,
        }

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Upstream, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Check the caller's rights before anything is opened, then run the tool.

        Raises ToolError with a text for the model; anything unforeseen is masked by the SDK.
        """
        try:
            return await self._checked_call(name, arguments, context)
        except ToolError as error:
            error.args = (bounded(str(error)),)
            raise

    async def _checked_call(
        self, name: str, arguments: dict[str, Any], context: Context[Upstream, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        caller = current_caller()
        set_upstream(self.upstream)
        notices.begin()
        tool = self.tools.get(name)
        try:
            refuse_beyond_policy(caller, name, tool)
        except NotAllowed as refusal:
            self._note_refusal(caller, name, arguments, refusal.why)
            raise
        assert tool is not None
        if self._log is None:
            result = await self._run(name, arguments, context)
        else:
            async with self._log.recorded(tool.call_by(caller, arguments)) as call:
                await checkpoint_if_cancelled()  # the client may have left meanwhile
                result = await self._run(name, arguments, context)
                _note_what_was_made(call, result)
        return set_data_aside(result) if isinstance(result, CallToolResult) else result

    def _note_refusal(self, caller: Caller, name: str, arguments: Any, why: str) -> None:
        if self._log is None:
            return
        tool = self.tools.get(name)
        if tool:
            call = tool.call_by(caller, arguments)
        else:
            call = tool_call(caller, as_tool(name), changes=False, arguments={}, id_names=())
        self._log.refuse(call, why)

    async def _run(
        self, name: str, arguments: dict[str, Any], context: Context[Upstream, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        try:
            # The SDK's own `call_tool` makes a Context for every call, and few tools take one.
            tool = self.tools[name]
            if context is None and tool.reports_progress:
                context = Context(mcp_server=self)
            result = await tool.run(arguments, cast(Any, context), convert_result=True)
            return cast("CallToolResult | InputRequiredResult", result)
        except ToolError as error:
            # The SDK wraps what a tool raised: tell the errors that are written for a model apart.
            if isinstance(error.__cause__, TOLD):
                raise ToolError(str(error.__cause__)) from error.__cause__
            raise UnexpectedToolError(
                f"{name} failed for a reason inside the server. The operator finds it in the log "
                f"under the request id {current_request_id()}."
            ) from error.__cause__


def _note_what_was_made(call: CallRow, result: CallToolResult | InputRequiredResult) -> None:
    data = getattr(result, "structured_content", None) or {}
    if call.changes and "id" in data:
        call.targets["id"] = as_id(data["id"])


def refuse_beyond_policy(caller: Caller, name: str, tool: InfinityTool | None) -> None:
    if tool is None:
        text = f"There is no tool {name[:80]!r}. List the tools to see their names."
        raise NotAllowed(UNKNOWN_TOOL, text)
    if caller.policy.allows(tool.name, tool.scope):
        return
    if tool.scope not in caller.policy.scopes:
        held = ", ".join(caller.policy.ordered_scopes) or "none"
        raise NotAllowed(
            MISSING_SCOPE,
            f"{tool.name} needs the scope {tool.scope}; {caller.user} has {held}. "
            "Only the operator can grant it.",
        )
    text = f"{tool.name} is not among the tools that {caller.user} may use."
    raise NotAllowed(TOOL_NOT_ALLOWED, text)
