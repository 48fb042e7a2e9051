"""Defines the decorators that make tools of functions, with scope and annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from mcp.server.mcpserver.tools import Tool
from mcp_types import Tool as ListedTool
from mcp_types import ToolAnnotations

from accounts.caller import Caller
from accounts.scopes import ADMIN, READ, WRITE
from mcpserver.audit.log import tool_call
from mcpserver.audit.records import CallRow
from mcpserver.tools._schema import ToolArguments
from mcpserver.tools._signature import ToolFunction, to_tool_signature

_tools: list[InfinityTool] = []  # in the order of the listing


class InfinityTool(Tool):
    """A tool with the scope that a call needs, and the resource that its module is about."""

    scope: str = ""
    resource: str = ""

    @classmethod
    def of(cls, function: ToolFunction, scope: str, annotations: ToolAnnotations) -> InfinityTool:
        """Make a tool of a function, whose docstring is the tool's description."""
        name = function.__name__
        plain = cls.from_function(
            to_tool_signature(function, changes=scope != READ),
            title=name.removeprefix("infinity_").replace("_", " ").capitalize(),
            description=" ".join((inspect.getdoc(function) or "").split()),
            annotations=annotations,
            structured_output=False,
        )
        updates = scope == WRITE and bool(annotations.idempotent_hint)
        arguments = ToolArguments.of(plain.fn_metadata, updates=updates)
        tool = cast("InfinityTool", plain)  # `from_function` makes an instance of `cls`
        tool.scope, tool.resource = scope, function.__module__.rpartition(".")[2]
        tool.fn_metadata, tool.parameters = arguments, arguments.lean_schema
        return tool

    @property
    def changes(self) -> bool:
        """Whether a call may change something."""
        return self.scope != READ

    @property
    def reports_progress(self) -> bool:
        """Whether the function takes the SDK's Context, which only serves to report progress."""
        return self.context_kwarg is not None

    @cached_property
    def id_names(self) -> tuple[str, ...]:
        """The parameters that are ids of what a call is about."""
        names = cast("ToolArguments", self.fn_metadata).names
        return tuple(name for name in names if name.endswith("_id"))

    def call_by(self, caller: Caller, arguments: Any) -> CallRow:
        """The row of a call for the audit log."""
        return tool_call(
            caller,
            self.name,
            changes=self.changes,
            arguments=arguments,
            id_names=self.id_names,
        )

    def listed(self) -> ListedTool:
        """The tool as `tools/list` returns it."""
        return ListedTool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.parameters,
            annotations=self.annotations,
        )


def read_tool(function: ToolFunction) -> ToolFunction:
    """Make a tool that changes nothing."""
    return _tool(function, READ, read_only=True, idempotent=True)


def write_tool(
    *, destructive: bool = False, idempotent: bool = False
) -> Callable[[ToolFunction], ToolFunction]:
    """Make a tool that creates something or, when idempotent, updates it."""
    return lambda function: _tool(function, WRITE, destructive=destructive, idempotent=idempotent)


def admin_tool(
    *, destructive: bool = False, idempotent: bool = False
) -> Callable[[ToolFunction], ToolFunction]:
    """Make a tool that removes something, or changes who may do what."""
    return lambda function: _tool(function, ADMIN, destructive=destructive, idempotent=idempotent)


def _tool(
    function: ToolFunction,
    scope: str,
    *,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
) -> ToolFunction:
    # Apart from these two, hints with MCP's default value are not sent.
    annotations = ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=None if read_only else destructive,
        idempotent_hint=idempotent or None,
    )
    _tools.append(InfinityTool.of(function, scope, annotations))
    return function


def registered() -> list[InfinityTool]:
    """The tools of all modules imported so far, in the order of import."""
    return list(_tools)
