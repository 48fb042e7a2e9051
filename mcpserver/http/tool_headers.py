"""Reads the headers by which a connection narrows the tools that its caller sees and may call."""

from __future__ import annotations

from functools import lru_cache

from starlette.datastructures import Headers

from accounts.caller import Caller
from accounts.toolsets import MAX_SHOWN, UnknownTool, named_tools, split_names
from mcpserver.http.errors import Refusal
from mcpserver.tools import toolsets

TOOL_HEADERS = (TOOLSETS, TOOLS) = ("X-MCP-Toolsets", "X-MCP-Tools")
MAX_CHARACTERS = 4_000  # of each header


def narrowed(caller: Caller, headers: Headers) -> Caller:
    """`caller` with the tools that either header names, or as it is without a name in them.

    Raises Refusal for unknown names and long headers.
    """
    toolset_names, tool_names = _joined(headers, TOOLSETS), _joined(headers, TOOLS)
    if not (toolset_names or tool_names):
        return caller
    named = _named(toolset_names, tool_names)
    return caller if named is None else caller.narrowed_to(named)


def _joined(headers: Headers, name: str) -> str:
    text = ",".join(headers.getlist(name))
    if len(text) > MAX_CHARACTERS:
        raise Refusal(400, f"{name} has {len(text)} characters; at most {MAX_CHARACTERS} are read.")
    return text


@lru_cache(maxsize=64)
def _named(toolset_names: str, tool_names: str) -> frozenset[str] | None:
    """The tools that two headers name together, None without a name."""
    of_sets, of_tools = split_names(toolset_names), split_names(tool_names)
    if not (of_sets or of_tools):
        return None
    known = toolsets()
    if unknown := next((name for name in of_sets if name not in known), None):
        raise Refusal(
            400,
            f"{TOOLSETS}: there is no toolset {unknown[:MAX_SHOWN]!r}."
            f" There are: {', '.join(known)}.",
        )
    try:
        return frozenset(named_tools(of_tools)).union(*(known[name] for name in of_sets))
    except UnknownTool as error:
        raise Refusal(400, f"{TOOLS}: {error}") from error
