"""Parses arguments in forms that are accepted but not listed, such as JSON text.

Invalid arguments raise ValueError with a text for the model. A text is parsed as a list or an
object only if all of it is in one pair of brackets, alone or in one fenced block; every other text
stays as it is.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import orjson

from mcpserver.content.errors import WrongValue
from mcpserver.infinity import JsonObject

EVENTS_EXAMPLE = '[{"event": "item.created"}]'
VALUES_EXAMPLE = '[{"attribute": "Status", "value": "Done"}]'

_FENCED = re.compile(r"\s*+```[\w-]*+[ \t]*+\r?\n([^`]*+(?:`(?!``)[^`]*+)*+)```\s*+")
_QUOTED = re.compile(
    r"""([\[({,:]\s*+)(?:"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|'[^'\n]*+'(?=\s*+(?:[\])},:]|\Z)))""",
    re.DOTALL,
)
_KEY = re.compile(r"\{\s*+[A-Za-z_$][\w$]*+\s*+:(?!//)")
_EMPTY = re.compile(r"\[(?!\x20\])\s++\]")  # `[ ]` is a box
_BRACKET = re.compile(r"[\[\](){}]")
_STEPS = {**dict.fromkeys("[({", 1), **dict.fromkeys("])}", -1)}


def unfenced(text: str) -> str:
    """The content of a text that is one fenced block, else the text. The opening fence has its own
    line."""
    block = _FENCED.fullmatch(text)
    return block[1] if block else text


def json_or_text(value: Any) -> Any:
    """The object or list of a JSON text, which may be in a fenced block; else the value itself."""
    if not isinstance(value, str):
        return value
    text = unfenced(value)
    data = _json(text) if text.lstrip()[:1] in ("{", "[") else text
    return value if isinstance(data, str) else data


def is_damaged(text: str) -> bool:
    """Whether a text that is not JSON looks like one list or object as a whole, maybe cut off.

    It does if it has a quoted text, a key or a line break. `[Draft]` and `["a"] in b` are texts.
    """
    inside = unfenced(text).strip()
    if inside[:1] not in ("[", "(", "{"):
        return False
    bare, quoted = _QUOTED.subn(r"\1", inside)
    has_json = quoted or "\n" in inside or _KEY.search(bare) or _EMPTY.fullmatch(bare)
    return bool(has_json) and _is_one_bracket(bare)


def _is_one_bracket(text: str) -> bool:
    """Whether the last character closes the first bracket, or nothing does."""
    brackets = _BRACKET.findall(text)
    depths = list(accumulate(map(_STEPS.__getitem__, brackets)))
    return 0 not in depths or (depths.index(0) == len(depths) - 1 and text[-1] == brackets[-1])


def any_json(value: Any) -> Any:
    """The value of a JSON text, else the value itself. A number or `true` in a text stays text: its
    meaning depends on the attribute's type."""
    if not isinstance(value, str):
        return value
    text = unfenced(value)
    data = _json(text)
    return value if data is text or isinstance(data, int | float) else data


def _json(text: str) -> Any:
    """The value of a JSON text, else the text. `[ ]` is an unticked box, not an empty list."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if data == [] and text.strip() != "[]" else data


def read_json(given: Any) -> Any:
    """As `json_or_text`. Raises WrongValue for damaged JSON."""
    data = json_or_text(given)
    if isinstance(data, str) and is_damaged(data):
        raise WrongValue(
            f"{data[:60]!r} looks like a list or an object but is not JSON: send JSON, or a line "
            'each; to use this text as a name, send {"name": …}'
        )
    return data


def read_entry(given: Any) -> Any:
    """As `read_json`, for one entry: a line such as `[2024]` stays a text. Raises WrongValue."""
    data = read_json(given)
    is_one_line = isinstance(given, str) and "\n" not in given
    return given if is_one_line and _is_one_bare_value(data) else data


def _is_one_bare_value(data: Any) -> bool:
    return isinstance(data, list) and len(data) == 1 and not isinstance(data[0], str | list | dict)


def parsed_if_empty(value: Any) -> Any:
    """Null or the empty value of a JSON text; else the value itself."""
    data = any_json(value)
    return data if data in (None, "", [], {}) else value


def json_object(value: Any) -> JsonObject:
    """Parse an object. Raises ValueError."""
    data = json_or_text(value)
    if not isinstance(data, dict):
        raise ValueError('takes a JSON object, such as {"key": "value"}')
    return data


def events(value: Any) -> list[JsonObject]:
    """Parse the events of a webhook. Raises ValueError."""
    data = json_or_text(value)
    if not isinstance(data, list) or not data or not all(isinstance(each, dict) for each in data):
        raise ValueError(f"takes a JSON list such as {EVENTS_EXAMPLE}")
    return data


def by_attribute(value: Any) -> JsonObject:
    """Parse an item's values, written as an object or as entries, to {attribute: value}. Raises
    ValueError."""
    data = json_or_text(value)
    if isinstance(data, dict):
        return data
    if not isinstance(data, list):
        raise ValueError(
            f"takes a list such as {VALUES_EXAMPLE}, or an object {{attribute: value}}"
        )
    values: JsonObject = {}
    for entry in map(json_or_text, data):
        attribute = _attribute_of(entry)
        if attribute in values:
            raise ValueError(f"{attribute[:100]!r} is given twice")
        values[attribute] = _data_of(attribute[:100], entry)
    return values


def _attribute_of(entry: Any) -> str:
    attribute = entry.get("attribute") if isinstance(entry, dict) else None
    if not isinstance(attribute, str) or not attribute.strip():
        raise ValueError(f"each entry names its attribute, as in {VALUES_EXAMPLE}")
    return attribute


def _data_of(attribute: str, entry: JsonObject) -> Any:
    if unknown := sorted(entry.keys() - {"attribute", "value", "list"}):
        raise ValueError(f"{attribute!r} has {unknown[0][:100]!r}; it takes value or list")
    given = {key: entry[key] for key in ("value", "list") if key in entry}
    if len(given) > 1:  # some models fill in every key: drop empty ones
        given = {key: data for key, data in given.items() if data not in (None, "", [])}
    match given:
        case {"value": _, "list": _}:
            raise ValueError(f"{attribute!r} has both value and list: give one of them")
        case {"value": data}:
            return data
        case {"list": data}:
            entries = json_or_text(data)
            return [entries] if isinstance(entries, str) else entries
    raise ValueError(f'{attribute!r} has neither value nor list; value "" alone empties it')
