"""Imports the tools, one module per resource, in the order in which they are listed."""

from __future__ import annotations

from accounts.policy import Policy

from mcpserver.tools import (  # isort: skip  # noqa: F401 - their decorators register them
    profile,
    workspaces,
    members,
    boards,
    folders,
    attributes,
    items,
    subitems,
    comments,
    item_values,
    attachments,
    views,
    references,
    hooks,
    time_entries,
)
from mcpserver.tools._core import CORE
from mcpserver.tools._registry import InfinityTool, registered


def all_tools() -> list[InfinityTool]:
    """Every tool, in the order of the listing."""
    return registered()


def tool_names() -> set[str]:
    """The names of all tools."""
    return {tool.name for tool in all_tools()}


def core_tools() -> frozenset[str]:
    """The names of the core tools."""
    return CORE & tool_names()


def toolsets() -> dict[str, frozenset[str]]:
    """The names of tools by toolset: all, core, and one for each module."""
    sets = {"all": frozenset(tool_names()), "core": core_tools()}
    for tool in all_tools():
        sets[tool.resource] = sets.get(tool.resource, frozenset()) | {tool.name}
    return sets


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
