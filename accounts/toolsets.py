"""Says which tools a toolset stands for, and finds tools by the names that people write."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.db.models import TextChoices

from accounts.tools import core_tools, tool_names

PREFIX = "infinity_"
MAX_SHOWN = 80  # characters of an unknown name


class Toolset(TextChoices):
    """What an MCP user has of the tools that its scopes allow."""

    ALL = "all", "All"
    CORE = "core", "Core"
    CHOSEN = "chosen", "Chosen"


class UnknownTool(Exception):
    """A name that no tool has; the text names the candidates."""


def tools_within(toolset: object, allowed: object) -> frozenset[str] | None:
    """The tools of a stored toolset and list, None for every tool.

    A list narrows every toolset; an empty one narrows only "chosen", to nothing. What is damaged
    names nothing.
    """
    listed = None if allowed == [] and toolset != Toolset.CHOSEN else _names(allowed)
    match toolset:
        case Toolset.ALL | Toolset.CHOSEN:
            return listed
        case Toolset.CORE:
            return core_tools() if listed is None else core_tools() & listed
    return frozenset()


def validate_chosen(toolset: str, allowed: object) -> None:
    """Raise ValidationError for "chosen" without a tool."""
    if toolset == Toolset.CHOSEN and allowed == []:
        raise ValidationError({"toolset": "Choose at least one tool, or all, or the core tools."})


def split_names(text: str) -> list[str]:
    """The names in a comma-separated text, each once, in lower case."""
    return list(dict.fromkeys(filter(None, (name.strip().lower() for name in text.split(",")))))


def named_tools(names: Iterable[str]) -> list[str]:
    """The tools with these names, which may lack the prefix infinity_. Raises UnknownTool."""
    known = tool_names()
    return list(dict.fromkeys(_tool(name, known) for name in names))


def _tool(name: str, known: set[str]) -> str:
    for full in (name, PREFIX + name):
        if full in known:
            return full
    raise UnknownTool(f"There is no tool {name[:MAX_SHOWN]!r}. {candidates(name, known)}")


def candidates(name: str, known: Iterable[str]) -> str:
    """A sentence with the names of `known` that are like `name`, or with all of them."""
    short = sorted(each.removeprefix(PREFIX) for each in known)
    alike = get_close_matches(name[:MAX_SHOWN].removeprefix(PREFIX), short, n=5)
    return f"Similar: {', '.join(alike)}." if alike else f"There are: {', '.join(short)}."


def _names(stored: object) -> frozenset[str]:
    """The names in a stored list. Anything else, a damaged value included, names nothing."""
    if not isinstance(stored, list):
        return frozenset()
    return frozenset(name for name in stored if isinstance(name, str))
