"""Reads arguments in forms that are accepted beside the listed ones, such as JSON in a text.

What cannot be read raises ValueError with a text for the model.
"""

from __future__ import annotations

from typing import Any

import orjson

from mcpserver.infinity import JsonObject

EVENTS_EXAMPLE = '[{"event": "item.created"}]'
VALUES_EXAMPLE = '[{"attribute": "Status", "value": "Done"}]'


def spelled(value: Any) -> Any:
    """Some models send an object or a list as the JSON string that spells it."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def any_json(value: Any) -> Any:
    """What a text spells as JSON. A number or true in a text stays text: what it means depends on
    the attribute's type."""
    if not isinstance(value, str):
        return value
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if isinstance(data, int | float) else data


def nothing_spelled(value: Any) -> Any:
    """Null, and what is empty, where a text spells it as JSON; else the value itself."""
    data = any_json(value)
    return data if data in (None, "", [], {}) else value


def json_object(value: Any) -> JsonObject:
    data = spelled(value)
    if not isinstance(data, dict):
        raise ValueError('takes a JSON object, such as {"key": "value"}')
    return data


def events(value: Any) -> list[JsonObject]:
    data = spelled(value)
    if not isinstance(data, list) or not data or not all(isinstance(each, dict) for each in data):
        raise ValueError(f"takes a JSON list such as {EVENTS_EXAMPLE}")
    return data


def by_attribute(value: Any) -> JsonObject:
    """An item's values as {attribute: value}, whether they were written so or as entries."""
    data = spelled(value)
    if isinstance(data, dict):
        return data
    if not isinstance(data, list):
        raise ValueError(
            f"takes a list such as {VALUES_EXAMPLE}, or an object {{attribute: value}}"
        )
    values: JsonObject = {}
    for entry in map(spelled, data):
        attribute = _attribute_of(entry)
        if attribute in values:
            raise ValueError(f"{attribute[:100]!r} is there twice")
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
    if len(given) > 1:  # some models fill in every key: what is empty is then left out
        given = {key: data for key, data in given.items() if data not in (None, "", [])}
    match given:
        case {"value": _, "list": _}:
            raise ValueError(f"{attribute!r} has both value and list: give one of them")
        case {"value": data}:
            return data
        case {"list": data}:
            entries = spelled(data)
            return [entries] if isinstance(entries, str) else entries
    raise ValueError(f'{attribute!r} has neither value nor list; value "" alone empties it')
