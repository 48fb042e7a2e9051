"""Lengths and counts of tool arguments, checked before anything else reads them.

docs/limits.md tells operators and agents the same figures; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from mcp.server.mcpserver.exceptions import ToolError

from mcpserver.infinity.json_size import has_long_number, marks_in

MOST_ARGUMENTS = 100
LARGEST_INTEGER_BITS = 64
MOST_IN_VALUES = 2_000  # entries of all lists that one call writes
MOST_SPELLED = 20_000  # lists, objects and entries of all JSON that a call sends as text


@dataclass(frozen=True)
class Cap:
    """`characters` of one text; of JSON also `entries` at the top, `nodes` and `levels` in all."""

    characters: int
    entries: int = 0
    nodes: int = 0
    levels: int = 20
    in_all: int = 0

    @property
    def is_json(self) -> bool:
        return self.nodes > 0


SHORT = Cap(100)
_LIST = Cap(100, entries=500, nodes=500, levels=2, in_all=50_000)
_VALUES = Cap(50_000, entries=200, nodes=MOST_IN_VALUES, in_all=1_000_000)
_SETTINGS = Cap(100_000, entries=500, nodes=5_000, in_all=200_000)

CAPS: dict[str, Cap] = {
    **dict.fromkeys(("after", "before"), Cap(2_000)),
    **dict.fromkeys(("name", "title"), Cap(1_000)),
    **dict.fromkeys(("text", "comment_text"), Cap(50_000)),
    "description": Cap(10_000),
    "url": Cap(4_000),
    "email": Cap(320),
    "file_name": Cap(255),
    "content_base64": Cap(32 * 2**20),  # MCP_MAX_REQUEST_BYTES is the limit that counts
    "expand": Cap(100, entries=10, nodes=10, levels=2, in_all=1_000),
    **dict.fromkeys(("user_ids", "attribute_ids", "remove_labels"), _LIST),
    "events": Cap(1_000, entries=50, nodes=500, in_all=20_000),
    **dict.fromkeys(("values", "values_by_name"), _VALUES),
    **dict.fromkeys(("settings", "default_data"), _SETTINGS),
}
_TOGETHER = ("values", "values_by_name")
_AS_SENT = {"default_data"}  # counted as JSON, but a text attribute takes the text itself


class TooMuch(ValueError):
    """Says what is too long or too many, and what is the most."""


class Spelled:
    """The JSON that one call sends as text: it takes as long to read as any, and is counted
    together, before it is read."""

    def __init__(self) -> None:
        self._left = MOST_SPELLED

    def count(self, text: str) -> None:
        """Raises TooMuch."""
        content = text.encode(errors="surrogatepass")
        self._left -= marks_in(content)
        if self._left < 0:
            raise TooMuch(f"JSON sent as text takes at most {MOST_SPELLED:,} entries in all")
        if has_long_number(content):
            raise TooMuch("has a number that is too large")


def cap_of(name: str) -> Cap:
    """Of a parameter; whatever has no cap of its own is short: ids, choices, numbers."""
    return CAPS.get(name, SHORT)


def within_caps(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with JSON that came as text read (but see _AS_SENT). Raises ToolError.

    Keys that begin with `_` are left out: clients add them for themselves.
    """
    if len(arguments) > MOST_ARGUMENTS:
        text = f"Wrong arguments: {len(arguments)} of them. No tool takes more than a few."
        raise ToolError(text)
    kept, faults, spelled = {}, [], Spelled()
    for name, value in arguments.items():
        if name.startswith("_"):
            continue
        if not _is_whole(name):
            shown = name[:60].encode(errors="backslashreplace").decode()
            faults.append(f"{shown}: the name has half a character")
            continue
        try:
            read = _checked(value, cap_of(name), spelled)
            kept[name] = value if name in _AS_SENT else read
        except TooMuch as fault:
            faults.append(f"{name[:60]}: {fault}")
    faults += _too_many_together(kept)
    if faults:
        raise ToolError(f"Wrong arguments: {'; '.join(faults[:8])}. Nothing was done.")
    return kept


def _is_whole(name: str) -> bool:
    """No half of a surrogate pair, which pydantic would not name."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _checked(value: Any, cap: Cap, spelled: Spelled) -> Any:
    if cap.is_json and isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = _read(value, cap, spelled)
    _check(value, cap)
    return value


def _read(text: str, cap: Cap, spelled: Spelled) -> Any:
    """What a text spells; itself when that is no JSON. Counted first: brackets are slow to read."""
    _check_length(text, max(cap.in_all, cap.characters))
    spelled.count(text)
    try:
        return orjson.loads(text)
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
    elif isinstance(value, int) and value.bit_length() > LARGEST_INTEGER_BITS:
        raise TooMuch("has a number that is too large")


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise TooMuch(f"takes at most {most:,} characters, not {len(text):,}")


def _too_many_together(arguments: dict[str, Any]) -> list[str]:
    """The same things under two names share one cap."""
    given = [arguments[name] for name in _TOGETHER if isinstance(arguments.get(name), dict | list)]
    most = CAPS["values"].entries
    if len(given) < 2 or sum(map(len, given)) <= most:
        return []
    return [f"{' and '.join(_TOGETHER)}: take at most {most} entries together"]
