"""Reads labels in the forms that agents write them, as entries {id, name, color}."""

from __future__ import annotations

import re
from typing import Any

import orjson

from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_id
from mcpserver.names import folded, is_uuid
from mcpserver.params import WrongValue

KEYS = ("id", "name", "color")
MOST_LABELS = 500
FORMS = (
    'settings.labels is a list of names or of {"name", "color"}; {"id", "name", "color"} changes '
    'the label with this id; {"Done": "#00FF00"} is also understood, as name and color'
)
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


def entries(given: Any, known: list[JsonObject]) -> list[JsonObject]:
    """What is given, each with an id or a name; `known` are the labels that there are.

    Raises WrongValue.
    """
    if isinstance(given, str):
        given = _spelled(given.strip(), known)
    if isinstance(given, dict | list) and len(given) > MOST_LABELS:
        raise WrongValue(f"settings.labels takes at most {MOST_LABELS}, not {len(given):,}")
    if isinstance(given, dict):
        given = _listed(given, known)
    if given is not None and not isinstance(given, list):
        raise WrongValue(FORMS)
    return [_entry(each, known) for each in given or []]


def _spelled(text: str, known: list[JsonObject]) -> Any:
    """JSON in a text, or one name."""
    if text.startswith(("[", "{")):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise WrongValue(f"{FORMS}; {text[:60]!r} is no JSON") from None
    if _called(text, known) is None and re.search("[,;\n]", text):
        raise WrongValue(f"{FORMS}; {text[:60]!r} may be one name or several: send a list")
    return [text] if text else []


def _listed(given: JsonObject, known: list[JsonObject]) -> list[Any]:
    """An object: one label, a list with numbers as keys, or labels by their ids or names."""
    if any(key in given and not isinstance(given[key], dict) for key in KEYS):
        return [given]
    values = list(given.values())
    if list(given) == [str(n) for n in range(len(given))] and not any(map(_is_color, values)):
        return values
    return [_keyed(key, value, known) for key, value in given.items()]


def _keyed(key: str, value: Any, known: list[JsonObject]) -> JsonObject:
    if _is_color(value):
        value = {"color": value}
    if not isinstance(value, dict):
        raise WrongValue(f"{FORMS}; {key[:60]!r} has neither a color nor an object")
    label = _called(key, known)
    named: JsonObject = {"id": label["id"]} if label else {"id": key} if is_uuid(key) else {}
    if not named and not value.get("id"):
        named = {"name": key}
    for part in named.keys() & value.keys():
        if value[part] not in (None, "") and folded(str(value[part])) != folded(str(named[part])):
            raise WrongValue(f"{FORMS}; {key[:60]!r} has another {part} in its object")
    return {**value, **named}


def _called(text: str, known: list[JsonObject]) -> JsonObject | None:
    """The known label with this id, else the only one with exactly this name."""
    for key in ("id", "name"):
        found = [label for label in known if str(label.get(key)) == text]
        if len(found) == 1:
            return found[0]
    return None


def _is_color(value: Any) -> bool:
    return isinstance(value, str) and _COLOR.fullmatch(value) is not None


def _entry(label: Any, known: list[JsonObject]) -> JsonObject:
    if isinstance(label, bool) or not isinstance(label, str | int | dict):
        raise WrongValue('each of settings.labels is a name or {"name", "color"}')
    if not isinstance(label, dict):
        label = _text_entry(str(label), known)
    entry = {key: value for key, value in label.items() if value is not None}
    if entry.get("id") == "":
        del entry["id"]
    if "id" in entry and not is_id(entry["id"]):
        raise WrongValue("the id of a label is a text")
    if isinstance(entry.get("id"), str):
        entry["id"] = entry["id"].strip()
    _refuse_unknown_keys(entry, known)
    if "id" in entry and "name" not in entry:
        return entry
    name = entry.get("name")
    if isinstance(name, bool) or not isinstance(name, str | int) or not folded(str(name)):
        raise WrongValue("each of settings.labels has a name, which is a text")
    return {**entry, "name": str(name)}


def _text_entry(text: str, known: list[JsonObject]) -> JsonObject:
    is_known_id = any(str(label["id"]) == text.strip() for label in known)
    return {"id": text.strip()} if is_known_id or is_uuid(text) else {"name": text}


def _refuse_unknown_keys(entry: JsonObject, known: list[JsonObject]) -> None:
    """What Infinity itself has in a label may be sent back."""
    of_infinity = {key for label in known for key in label} if "id" in entry else set()
    if unknown := sorted(entry.keys() - {*KEYS} - of_infinity):
        raise WrongValue(
            f"{unknown[0][:60]!r} is nothing that a label has; each of settings.labels takes "
            "name, color, and the id of a label that is there"
        )
