"""Parses labels in the forms that agents write to entries {id, name, color}."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from mcpserver.content.blank import is_blank
from mcpserver.content.errors import WrongValue
from mcpserver.content.turns import give_way
from mcpserver.content.values.free_forms import read_entry
from mcpserver.content.values.names import folded, is_uuid
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_id

KEYS = ("id", "name", "color")
MAX_LABELS = 500
FORMS = (
    'settings.labels is a list of names or of {"name", "color"}; {"id", "name", "color"} changes '
    'the label with this id; {"Done": "#00FF00"} is also understood, as name and color'
)
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class _Known:
    """The existing labels of an attribute."""

    def __init__(self, labels: list[JsonObject]) -> None:
        self.keys = {key for label in labels for key in label}
        self._by_id, self._by_name = _grouped(labels, "id"), _grouped(labels, "name")

    def has_id(self, text: str) -> bool:
        return text in self._by_id

    def find(self, text: str) -> JsonObject | None:
        """The label with this id, else the only one with exactly this name."""
        for found in (self._by_id.get(text, []), self._by_name.get(text, [])):
            if len(found) == 1:
                return found[0]
        return None


def _grouped(labels: list[JsonObject], key: str) -> dict[str, list[JsonObject]]:
    groups = defaultdict[str, list[JsonObject]](list)
    for label in labels:
        groups[str(label.get(key))].append(label)
    return groups


async def entries(given: Any, labels: list[JsonObject]) -> list[JsonObject]:
    """Parse labels to entries that have an id or a name. `labels` are the existing ones.

    Raises WrongValue.
    """
    known = _Known(labels)
    if isinstance(given, str):
        given = _parsed(given.strip(), known)
    if isinstance(given, dict | list) and len(given) > MAX_LABELS:
        raise WrongValue(f"settings.labels takes at most {MAX_LABELS}, not {len(given):,}")
    if isinstance(given, dict):
        given = await _listed(given, known)
    if given is not None and not isinstance(given, list):
        raise WrongValue(FORMS)
    return [await _entry(each, known) for each in given or []]


def _parsed(text: str, known: _Known) -> Any:
    """Parse a text: JSON, or one name."""
    if known.find(text):
        return [text]
    if not isinstance(data := read_entry(text), str):
        return data
    if re.search("[,;\n]", text):
        raise WrongValue(f"{FORMS}; {text[:60]!r} may be one name or several: send a list")
    return [text] if text else []


async def _listed(given: JsonObject, known: _Known) -> list[Any]:
    """The entries of an object: one label, a list with numbers as keys, or labels by id or name."""
    if any(key in given and not isinstance(given[key], dict) for key in KEYS):
        return [given]
    values = list(given.values())
    if list(given) == [str(n) for n in range(len(given))] and not any(map(_is_color, values)):
        return values
    return [await _keyed(key, value, known) for key, value in given.items()]


async def _keyed(key: str, value: Any, known: _Known) -> JsonObject:
    await give_way()
    if _is_color(value):
        value = {"color": value}
    if not isinstance(value, dict):
        raise WrongValue(f"{FORMS}; {key[:60]!r} has neither a color nor an object")
    label = known.find(key)
    named: JsonObject = {"id": label["id"]} if label else {"id": key} if is_uuid(key) else {}
    if not named and not value.get("id"):
        named = {"name": key}
    for part in named.keys() & value.keys():
        if value[part] not in (None, "") and folded(str(value[part])) != folded(str(named[part])):
            raise WrongValue(f"{FORMS}; {key[:60]!r} has another {part} in its object")
    return {**value, **named}


def _is_color(value: Any) -> bool:
    return isinstance(value, str) and _COLOR.fullmatch(value) is not None


async def _entry(label: Any, known: _Known) -> JsonObject:
    await give_way()
    if isinstance(label, str) and known.find(label) is None:
        label = read_entry(label)
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
    if isinstance(name, bool) or not isinstance(name, str | int) or is_blank(str(name)):
        raise WrongValue("each of settings.labels has a name, which is a text")
    return {**entry, "name": str(name)}


def _text_entry(text: str, known: _Known) -> JsonObject:
    is_an_id = known.has_id(text.strip()) or is_uuid(text)
    return {"id": text.strip()} if is_an_id else {"name": text}


def _refuse_unknown_keys(entry: JsonObject, known: _Known) -> None:
    """Raises WrongValue for unknown keys. Those of Infinity's own labels may be sent back."""
    of_infinity = known.keys if "id" in entry else set()
    if unknown := sorted(entry.keys() - {*KEYS} - of_infinity):
        raise WrongValue(
            f"{unknown[0][:60]!r} is not a key of a label; each of settings.labels takes name, "
            "color, and the id of an existing label"
        )
