"""Asks for the names and titles of the tools, which the app that has the tools registers here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accounts.policy import Policy


@dataclass(frozen=True)
class ToolSource:
    """`names` of all tools and of the `core` ones; `titles` by scope, of those that a policy
    allows, in listing order."""

    names: Callable[[], set[str]]
    core: Callable[[], frozenset[str]]
    titles: Callable[[Policy], dict[str, list[str]]]


_source: ToolSource | None = None


def register_tools(source: ToolSource) -> None:
    """Called once, when the apps are ready; `source` is not asked before it is needed."""
    global _source
    _source = source


def tool_names() -> set[str]:
    """The names of all tools."""
    return _registered().names()


def core_tools() -> frozenset[str]:
    """The names of the core tools."""
    return _registered().core()


def tool_titles(policy: Policy) -> dict[str, list[str]]:
    """By scope, the titles of the tools that `policy` allows, in listing order."""
    return _registered().titles(policy)


def _registered() -> ToolSource:
    if _source is None:
        raise RuntimeError("No app has registered its tools: see accounts.tools.register_tools.")
    return _source
