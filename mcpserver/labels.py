"""The labels of an attribute: reading them, and changing them without losing any."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mcpserver import notices
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_record
from mcpserver.label_forms import entries
from mcpserver.names import Names, folded
from mcpserver.params import WrongValue

Labels = dict[str, JsonObject]  # by id


def labels_of(attribute: JsonObject) -> list[JsonObject]:
    """`{id, name, color}` each. They come in several forms (infinity-api.md §22.7)."""
    settings = attribute.get("settings")
    labels = settings.get("labels") if isinstance(settings, dict) else None
    if isinstance(labels, dict):
        labels = list(labels.values())
    return list(filter(is_record, labels)) if isinstance(labels, list) else []


def new_labels(given: Any) -> list[JsonObject]:
    """The labels of a new attribute. They keep the ids that they are given. Raises WrongValue."""
    wanted = entries(given, [])
    by_id = {str(entry["id"]): {"id": entry["id"]} for entry in wanted if "id" in entry}
    if nameless := [entry for entry in wanted if "name" not in entry]:
        raise WrongValue(f"the new label {str(nameless[0]['id'])[:60]!r} has no name")
    labels = list(_named(by_id, wanted).values())
    _refuse_same_names(labels, labels)
    return labels


def changed_labels(
    known: list[JsonObject], given: Any, removed: Sequence[str] = ()
) -> list[JsonObject]:
    """`known` with what is given changed or added, and without those that are removed by name.

    A label that is known by id or name keeps its id and what is not given of it: with another id,
    items would lose it. Labels that are not named at all stay, which is said. Raises WrongValue.
    """
    before = {str(label["id"]): label for label in known}
    names = Names(known, "label")
    gone = {str(names.find(each)["id"]) for each in removed}
    named = _named(before, entries(given, known))
    if both := [label for id, label in named.items() if id in gone]:
        raise WrongValue(f"Labels both in settings and in remove_labels: {told(both)}.")
    kept = {id: label for id, label in before.items() if id not in gone}
    unnamed = [label for id, label in kept.items() if id not in named]
    if unnamed and given is not None:
        notices.add(
            f"Labels that settings does not name stay: {told(unnamed)}. To remove labels, name "
            "them in remove_labels."
        )
    # When all of them are given, their order is meant too.
    labels = list(({**kept, **named} if unnamed else named).values())
    changed = [
        label for id, label in named.items() if label.get("name") != before.get(id, {}).get("name")
    ]
    _refuse_same_names(labels, changed)
    return labels


def told(labels: Sequence[JsonObject]) -> str:
    """Their names, for a message."""
    shown = ", ".join(repr(str(label.get("name") or label["id"])[:60]) for label in labels[:20])
    return f"{shown}, …" if len(labels) > 20 else shown


def _named(known: Labels, wanted: list[JsonObject]) -> Labels:
    """The labels that are wanted, in that order, each with what is known of it.

    Names mean the labels as they are called once those with an id are renamed.
    """
    labels, given = dict(known), dict[str, JsonObject]()
    by_id = [_changed_by_id(labels, given, entry) if "id" in entry else "" for entry in wanted]
    called = _Called(labels.values())
    ids = [
        id or _changed_by_name(labels, given, entry, called)
        for id, entry in zip(by_id, wanted, strict=True)
    ]
    return {id: labels[id] for id in ids}


def _changed_by_id(labels: Labels, given: Labels, entry: JsonObject) -> str:
    id = str(entry["id"])
    if id not in labels:
        raise WrongValue(
            f"there is no label with the id {id[:60]!r}; there are: {told([*labels.values()])}. "
            "Leave the id out to add a label"
        )
    return _changed(labels, given, id, {key: entry[key] for key in entry if key != "id"})


class _Called:
    """Which label a name means: one that there is, or one that was added under it."""

    def __init__(self, labels: Iterable[JsonObject]) -> None:
        labels = list(labels)
        self._names = Names(labels, "label")
        self._known = set(map(_folded_name, labels))
        self._added: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        """Its id. Raises UnknownName where several labels are called so."""
        wanted = folded(name)
        if wanted in self._known:
            return str(self._names.find(name)["id"])
        return self._added.get(wanted)

    def add(self, name: str) -> str:
        id = self._added[folded(name)] = str(uuid.uuid4())
        return id


def _changed_by_name(labels: Labels, given: Labels, entry: JsonObject, called: _Called) -> str:
    id = called.find(entry["name"])
    if id is None:
        id = called.add(entry["name"])
        labels[id] = {"id": id}
        return _changed(labels, given, id, entry)
    # It keeps its name as it is spelled.
    return _changed(labels, given, id, {key: entry[key] for key in entry if key != "name"})


def _changed(labels: Labels, given: Labels, id: str, changes: JsonObject) -> str:
    before = given.setdefault(id, {})
    if twice := [key for key in changes if before.get(key, changes[key]) != changes[key]]:
        raise WrongValue(f"the label {told([labels[id]])} is there twice, with another {twice[0]}")
    before.update(changes)
    labels[id] = {**labels[id], **changes}
    return id


def _refuse_same_names(labels: Iterable[JsonObject], changed: Iterable[JsonObject]) -> None:
    """Two that were called the same before may stay so."""
    counts = Counter(_folded_name(label) for label in labels)
    if same := [label for label in changed if counts[_folded_name(label)] > 1]:
        raise WrongValue(f"Several labels would be called {told(same[:1])}: no two have one name.")


def _folded_name(label: JsonObject) -> str | None:
    name = label.get("name")
    return folded(name) if isinstance(name, str) else None
