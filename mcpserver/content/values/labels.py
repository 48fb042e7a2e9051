"""Reads the labels of an attribute, and changes some of them while keeping the others."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mcpserver.content.errors import WrongValue
from mcpserver.content.turns import give_way
from mcpserver.content.values.label_forms import entries
from mcpserver.content.values.names import Names, folded
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_record

Labels = dict[str, JsonObject]  # by id
MAX_SHOWN = 20  # labels whose names are listed


class ChangedLabels(NamedTuple):
    """The `labels` after a change, and the `unnamed` ones that stay although a list was given."""

    labels: list[JsonObject]
    unnamed: list[JsonObject]


def labels_of(attribute: JsonObject) -> list[JsonObject]:
    """The labels of an attribute: `{id, name, color}` each. Infinity returns a list or an
    object."""
    settings = attribute.get("settings")
    labels = settings.get("labels") if isinstance(settings, dict) else None
    if isinstance(labels, dict):
        labels = list(labels.values())
    return list(filter(is_record, labels)) if isinstance(labels, list) else []


async def new_labels(given: Any) -> list[JsonObject]:
    """The labels of a new attribute, with ids as far as they are given. Raises WrongValue."""
    wanted = await entries(given, [])
    by_id = {str(entry["id"]): {"id": entry["id"]} for entry in wanted if "id" in entry}
    if nameless := [entry for entry in wanted if "name" not in entry]:
        raise WrongValue(f"the new label {str(nameless[0]['id'])[:60]!r} has no name")
    labels = list((await _named(by_id, wanted)).values())
    await _refuse_same_names(labels, labels)
    return labels


async def changed_labels(
    known: list[JsonObject], given: Any, removed: Sequence[str] = ()
) -> ChangedLabels:
    """`known` with the given labels changed or added, and without those named in `removed`.

    A label that is known by id or name keeps its id, because items refer to it, and all keys that
    are not given. Labels that are not named stay. Raises WrongValue.
    """
    before = {str(label["id"]): label for label in known}
    names = Names(known, "label")
    gone = {str((await names.find(each))["id"]) for each in removed}
    named = await _named(before, await entries(given, known))
    if both := [label for id, label in named.items() if id in gone]:
        raise WrongValue(f"Labels both in settings and in remove_labels: {label_names(both)}.")
    kept = {id: label for id, label in before.items() if id not in gone}
    unnamed = [label for id, label in kept.items() if id not in named]
    # When all labels are given, their order applies too.
    labels = list(({**kept, **named} if unnamed else named).values())
    changed = [
        label for id, label in named.items() if label.get("name") != before.get(id, {}).get("name")
    ]
    await _refuse_same_names(labels, changed)
    return ChangedLabels(labels, [] if given is None else unnamed)


def first_names(labels: Sequence[JsonObject]) -> list[str]:
    """The names of the first labels, cut to 60 characters."""
    return [str(label.get("name") or label["id"])[:60] for label in labels[:MAX_SHOWN]]


def label_names(labels: Sequence[JsonObject]) -> str:
    """The names of labels, for an error."""
    shown = ", ".join(map(repr, first_names(labels)))
    return f"{shown}, …" if len(labels) > MAX_SHOWN else shown


async def _named(known: Labels, wanted: list[JsonObject]) -> Labels:
    """The wanted labels in their order, each with its known keys.

    Names refer to the labels after those with an id have been renamed.
    """
    labels, given = dict(known), dict[str, JsonObject]()
    by_id = [_changed_by_id(labels, given, entry) if "id" in entry else "" for entry in wanted]
    names = _LabelNames(labels.values())
    ids = [
        id or await _changed_by_name(labels, given, entry, names)
        for id, entry in zip(by_id, wanted, strict=True)
    ]
    return {id: labels[id] for id in ids}


def _changed_by_id(labels: Labels, given: Labels, entry: JsonObject) -> str:
    id = str(entry["id"])
    if id not in labels:
        raise WrongValue(
            f"there is no label with the id {id[:60]!r}; there are: "
            f"{label_names([*labels.values()])}. Leave the id out to add a label"
        )
    return _changed(labels, given, id, {key: entry[key] for key in entry if key != "id"})


class _LabelNames:
    """Finds labels by name, existing ones and those that are being added."""

    def __init__(self, labels: Iterable[JsonObject]) -> None:
        self._names = Names(labels, "label")
        self._added: dict[str, str] = {}

    async def find(self, name: str) -> str | None:
        """The id of the label with this name, or None. Raises UnknownName if there are several."""
        known = await self._names.named(name)
        return str(known["id"]) if known else self._added.get(folded(name))

    def add(self, name: str) -> str:
        id = self._added[folded(name)] = str(uuid.uuid4())
        return id


async def _changed_by_name(
    labels: Labels, given: Labels, entry: JsonObject, names: _LabelNames
) -> str:
    id = await names.find(entry["name"])
    if id is None:
        id = names.add(entry["name"])
        labels[id] = {"id": id}
        return _changed(labels, given, id, entry)
    # The label keeps its name in the present spelling.
    return _changed(labels, given, id, {key: entry[key] for key in entry if key != "name"})


def _changed(labels: Labels, given: Labels, id: str, changes: JsonObject) -> str:
    before = given.setdefault(id, {})
    if twice := [key for key in changes if before.get(key, changes[key]) != changes[key]]:
        name = label_names([labels[id]])
        raise WrongValue(f"the label {name} is given twice, with another {twice[0]}")
    before.update(changes)
    labels[id] = {**labels[id], **changes}
    return id


async def _refuse_same_names(labels: list[JsonObject], changed: Iterable[JsonObject]) -> None:
    """Raises WrongValue if a changed label has the name of another. Unchanged ones may."""
    names = {str(label["id"]): await _folded_name(label) for label in labels}
    counts = Counter(names.values())
    if same := [label for label in changed if counts[names[str(label["id"])]] > 1]:
        name = label_names(same[:1])
        raise WrongValue(f"Several labels would be called {name}: names must differ.")


async def _folded_name(label: JsonObject) -> str | None:
    await give_way()
    name = label.get("name")
    return folded(name) if isinstance(name, str) else None
