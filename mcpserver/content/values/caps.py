"""Limits lengths and counts of tool arguments before anything else reads them.

docs/limits.md has the same figures; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from mcp.server.mcpserver.exceptions import ToolError

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.free_forms import unfenced
from mcpserver.infinity.json_size import has_long_number, marks_in

MAX_ARGUMENTS = 100
MAX_INTEGER_BITS = 64
MAX_IN_VALUES = 2_000  # entries of all lists that one call writes
MAX_JSON_TEXT = 20_000  # lists, objects and entries of all JSON that a call sends as text


@dataclass(frozen=True)
class Cap:
    """The limits of one argument.

    `characters` of one text; of JSON also `entries` at the top, `nodes`, `levels` and characters
    `in_all`.
    """

    characters: int
    entries: int = 0
    nodes: int = 0
    levels: int = 20
    in_all: int = 0

    @property
    def is_json(self) -> bool:
        """Whether the argument is JSON and not one text."""
        return self.nodes > 0


SHORT = Cap(100)
_LIST = Cap(100, entries=500, nodes=500, levels=2, in_all=50_000)
_VALUES = Cap(50_000, entries=200, nodes=MAX_IN_VALUES, in_all=1_000_000)
_SETTINGS = Cap(100_000, entries=500, nodes=5_000, in_all=200_000)

CAPS: dict[str, Cap] = {
    **dict.fromkeys(("after", "before"), Cap(2_000)),
    **dict.fromkeys(("name", "title"), Cap(1_000)),
    **dict.fromkeys(("text", "comment_text"), Cap(50_000)),
    "description": Cap(10_000),
    "url": Cap(4_000),
    "email": Cap(320),
    "file_name": Cap(255),
    "content_base64": Cap(32 * 2**20),  # in effect limited by MCP_MAX_REQUEST_BYTES
    **dict.fromkeys(("expand", "clear"), Cap(100, entries=10, nodes=10, levels=2, in_all=1_000)),
    **dict.fromkeys(("user_ids", "attribute_ids", "remove_labels"), _LIST),
    "events": Cap(1_000, entries=50, nodes=500, in_all=20_000),
    **dict.fromkeys(("values", "values_by_name"), _VALUES),
    **dict.fromkeys(("settings", "default_data"), _SETTINGS),
}
_TOGETHER = ("values", "values_by_name")
_KEPT_AS_TEXT = {"default_data"}  # counted as JSON, but a text attribute takes the text itself


class TooMuch(ValueError):
    """An argument over its limit; the text says which limit."""


class JsonTextCounter:
    """Limits the JSON that one call sends as text, all of it together, before it is parsed."""

    def __init__(self) -> None:
        self._left = MAX_JSON_TEXT

    def count(self, text: str) -> None:
        """Count the entries of a text. Raises TooMuch."""
        content = text.encode()
        self._left -= marks_in(content)
        if self._left < 0:
            raise TooMuch(f"JSON sent as text takes at most {MAX_JSON_TEXT:,} entries in all")
        if has_long_number(content):
            raise TooMuch("has a number that is too large")


def cap_of(name: str) -> Cap:
    """The cap of a parameter; SHORT for those without their own: ids, choices, numbers."""
    return CAPS.get(name, SHORT)


def shown_name(name: str) -> str:
    """The name of an argument for a message, in quotes unless it looks like a name."""
    return name[:60] if re.fullmatch(r"[\w.-]+", name) else repr(name[:60])


def within_caps(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with JSON text parsed (but see _KEPT_AS_TEXT). Raises ToolError.

    Keys that begin with `_` are dropped: clients add them for their own purposes.
    """
    if len(arguments) > MAX_ARGUMENTS:
        text = f"Wrong arguments: {len(arguments)} of them. No tool takes more than a few."
        raise ToolError(text)
    kept, faults, counter = {}, [], JsonTextCounter()
    for name, value in arguments.items():
        if name.startswith("_"):
            continue
        try:
            read = _checked(value, cap_of(name), counter)
            kept[name] = value if name in _KEPT_AS_TEXT else read
        except TooMuch as fault:
            faults.append(f"{shown_name(name)}: {fault}")
    faults += _too_many_together(kept)
    if faults:
        raise ToolError(f"Wrong arguments: {'; '.join(faults[:8])}. Nothing was done.")
    return kept


def _checked(value: Any, cap: Cap, counter: JsonTextCounter) -> Any:
    if cap.is_json and isinstance(value, str):
        value = _read(value, cap, counter)
    _check(value, cap)
    return value


def _read(text: str, cap: Cap, counter: JsonTextCounter) -> Any:
    """The JSON of a text, else the text. It is counted first: brackets are slow to parse."""
    if text.lstrip()[:1] not in ("{", "[", "`"):
        return text
    _check_length(text, max(cap.in_all, cap.characters))
    inside = unfenced(text)
    counter.count(inside)
    try:
        return orjson.loads(inside)
    except orjson.JSONDecodeError:
        return text


def _check(value: Any, cap: Cap) -> None:
    if isinstance(value, dict | list) and cap.is_json:
        if len(value) > cap.entries:
            raise TooMuch(f"takes at most {cap.entries:,} entries, not {len(value):,}")
        _check_json(value, cap)
    elif isinstance(value, dict | list):
        return  # the parameter's type refuses it
    else:
        _check_one(value, cap.characters)


def _check_json(value: Any, cap: Cap) -> None:
    nodes = characters = 0
    level = [value]
    for _ in range(cap.levels):
        nodes += sum(len(each) for each in level)
        if nodes > cap.nodes:
            raise TooMuch(f"takes at most {cap.nodes:,} entries in all")
        below = []
        for part in _parts(level):
            if isinstance(part, dict | list):
                below.append(part)
            else:
                _check_one(part, cap.characters)
                characters += len(part) if isinstance(part, str) else 0
        if characters > cap.in_all:
            raise TooMuch(f"takes at most {cap.in_all:,} characters in all")
        if not below:
            return
        level = below
    raise TooMuch(f"takes at most {cap.levels} levels of lists and objects")


def _parts(level: list[Any]) -> Iterator[Any]:
    for each in level:
        if isinstance(each, dict):
            yield from each
            yield from each.values()
        else:
            yield from each


def _check_one(value: Any, most: int) -> None:
    if isinstance(value, str):
        _check_length(value, most)
    elif isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise TooMuch("has a number that is too large")


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise TooMuch(f"takes at most {most:,} characters, not {len(text):,}")


def _too_many_together(arguments: dict[str, Any]) -> list[str]:
    """Faults of parameters that mean the same and share a cap."""
    given = [arguments[name] for name in _TOGETHER if isinstance(arguments.get(name), dict | list)]
    most = CAPS["values"].entries
    if len(given) < 2 or sum(map(len, given)) <= most:
        return []
    return [f"{' and '.join(_TOGETHER)}: take at most {most} entries together"]


def countable(entries: list[Any]) -> list[Any]:
    """`entries`, which were sent as text and not counted yet. Raises WrongValue for too many."""
    if len(entries) > MAX_IN_VALUES:
        raise WrongValue(f"takes at most {MAX_IN_VALUES:,} list entries at once")
    return entries
