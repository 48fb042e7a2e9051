"""The labels of an attribute: reading them, and changing them without losing any."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from mcpserver import notices
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_record
from mcpserver.names import Names, folded
from mcpserver.params import WrongValue


def labels_of(attribute: JsonObject) -> list[JsonObject]:
    """`{id, name, color}` each. They come in several forms (infinity-api.md §22.7)."""
    settings = attribute.get("settings")
    labels = settings.get("labels") if isinstance(settings, dict) else None
    if isinstance(labels, dict):
        labels = list(labels.values())
    return list(filter(is_record, labels)) if isinstance(labels, list) else []


def changed_labels(
    known: list[JsonObject], given: Any, removed: Sequence[str] = ()
) -> list[JsonObject]:
    """`known` with what is given changed or added, and without those that are removed by name.

    A label that is known by id or name keeps its id and what is not given of it: with another id,
    items would lose it. Labels that are not named at all stay, which is said. Raises WrongValue.
    """
    gone = {Names(known, "label").find(each)["id"] for each in removed}
    named = _named(known, given)
    if both := [label for id, label in named.items() if id in gone]:
        raise WrongValue(f"Labels both in settings and in remove_labels: {_told(both)}.")
    kept = [label for label in known if label["id"] not in gone]
    unnamed = [label for label in kept if label["id"] not in named]
    if not unnamed:  # all of them are given: their order is meant too
        return list(named.values())
    if given is not None:
        notices.add(
            f"Labels that settings does not name stay: {_told(unnamed)}. To remove labels, name "
            "them in remove_labels."
        )
    ids = {label["id"] for label in kept}
    stay = [named.get(label["id"], label) for label in kept]
    return stay + [label for id, label in named.items() if id not in ids]


def _named(known: list[JsonObject], given: Any) -> dict[Any, JsonObject]:
    """By id, the labels that are given, each with what is known of it."""
    named: dict[Any, JsonObject] = {}
    for entry in _entries(given):
        label = _merged([*known, *named.values()], named, entry)
        named[label["id"]] = label
    return named


def _told(labels: list[JsonObject]) -> str:
    shown = ", ".join(repr(str(label.get("name") or label["id"])[:60]) for label in labels[:20])
    return f"{shown}, …" if len(labels) > 20 else shown


def _merged(known: list[JsonObject], named: dict[Any, JsonObject], entry: JsonObject) -> JsonObject:
    found = _same(known, entry)
    if found is None:
        return {**entry, "id": entry.get("id") or str(uuid.uuid4())}
    before = named.get(found["id"], found)
    known_by = () if entry.get("id") else ("name",)  # which it keeps as it is spelled
    changes = {key: entry[key] for key in entry.keys() - {*known_by} if entry[key] is not None}
    return {**before, **changes}


def _same(known: list[JsonObject], entry: JsonObject) -> JsonObject | None:
    """The label that is meant: by its id if it has one, else by its name."""
    if entry.get("id"):
        return next((each for each in known if str(each["id"]) == str(entry["id"])), None)
    wanted = folded(entry["name"])
    if not any(folded(str(label.get("name"))) == wanted for label in known):
        return None
    return Names(known, "label").find(entry["name"])


def _entries(given: Any) -> list[JsonObject]:
    if isinstance(given, str):
        given = _spelled(given)
    if isinstance(given, dict):
        given = list(given.values())
    if given is not None and not isinstance(given, list):
        raise WrongValue('settings.labels is a list of names or of {"name", "color"}')
    return [_entry(each) for each in given or []]


def _spelled(text: str) -> Any:
    if not text.strip().startswith(("[", "{")):
        return [text]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]


def _entry(label: Any) -> JsonObject:
    if isinstance(label, bool) or not isinstance(label, str | int | dict):
        raise WrongValue('each of settings.labels is a name or {"name", "color"}')
    entry = dict(label) if isinstance(label, dict) else {"name": label}
    if not entry.get("id"):
        entry.pop("id", None)
    elif "name" not in entry:
        return entry
    name = entry.get("name")
    if isinstance(name, bool) or not isinstance(name, str | int) or not folded(str(name)):
        raise WrongValue("each of settings.labels has a name, which is a text")
    return {**entry, "name": str(name)}
