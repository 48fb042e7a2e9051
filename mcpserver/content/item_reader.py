"""Formats values of items for reading: names for ids, plain dates, Markdown for HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from mcpserver.content.board_cache import Lists
from mcpserver.content.conversion import Texts, read_texts
from mcpserver.content.quoting import listed
from mcpserver.content.values.conversions import kind_of
from mcpserver.content.values.labels import labels_of
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.infinity.errors import Forbidden
from mcpserver.infinity.records import is_record

MEMBER_KINDS = ("members", "created_by")


@dataclass(frozen=True)
class Reader:
    """Reads the values of one board's items: `{attribute_id, attribute_name, attribute_type, data,
    text}` a row."""

    attributes: list[JsonObject]
    people: list[JsonObject]

    @classmethod
    async def of(cls, lists: Lists) -> Reader:
        """A reader for a board; reads the members only if its attributes need them."""
        attributes = await lists.attributes()
        if not any(kind_of(attribute) in MEMBER_KINDS for attribute in attributes):
            return cls(attributes, [])
        try:
            return cls(attributes, await lists.members())
        except Forbidden:  # a restricted member may not list the others: show ids
            return cls(attributes, [])

    async def rows(self, items: list[JsonObject]) -> list[list[JsonObject]]:
        """The rows of each item."""
        return await read_texts(lambda texts: [self._rows(item, texts) for item in items], items)

    async def row(self, attribute: JsonObject, item: JsonObject) -> JsonObject:
        """The row of one attribute; a value that was never set has the attribute's default."""
        data = values_of(item).get(str(attribute["id"]), attribute.get("default_data"))
        return await read_texts(lambda texts: self._row(attribute, data, texts))

    async def texts(self, entries: Iterable[tuple[JsonObject, Any]]) -> list[str]:
        """The readable forms of values, each given as its attribute and its data."""
        return await read_texts(
            lambda texts: [self.text(attribute, data, texts) for attribute, data in entries]
        )

    def _rows(self, item: JsonObject, texts: Texts) -> list[JsonObject]:
        """A row for each value that the item has, in the order of the board's attributes."""
        values = values_of(item)
        known = [attribute for attribute in self.attributes if str(attribute["id"]) in values]
        ids = {str(attribute["id"]) for attribute in known}
        new = [{"id": each} for each in values if each not in ids]  # made within the last minute
        return [self._row(each, values[str(each["id"])], texts) for each in known + new]

    def _row(self, attribute: JsonObject, data: Any, texts: Texts) -> JsonObject:
        return {
            "attribute_id": attribute["id"],
            "attribute_name": attribute.get("name"),
            "attribute_type": attribute.get("type"),
            "data": data,
            "text": self.text(attribute, data, texts),
        }

    def persons(self, ids: Any) -> str:
        """The names of users by their ids, or `#` and the id."""
        return listed([self._people.get(each, f"#{each}") for each in _ids(ids)])

    @cached_property
    def _people(self) -> dict[str, str]:
        return _names_by_id(self.people)

    def _label(self, attribute: JsonObject, data: Any) -> str:
        """The names of labels. Unknown ones are not shown: their ids say nothing."""
        id = str(attribute.get("id"))
        if id not in self._labels:
            self._labels[id] = _names_by_id(labels_of(attribute))
        names = self._labels[id]
        return listed([names[each] for each in _ids(data) if each in names])

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        return {}

    def text(self, attribute: JsonObject, data: Any, texts: Texts) -> str:
        """The readable form of a value, "" for none."""
        match kind_of(attribute):
            case "label":
                return self._label(attribute, data)
            case "members" | "created_by":
                return self.persons(data)
            case "longtext":
                return texts.text(data) if isinstance(data, str) else _plain(data)
            case "checkbox":
                return "yes" if data else "no"
            case "links":
                return ", ".join(str(link.get("url")) for link in _entries(data))
            case "checklist":
                return "; ".join(
                    f"[{'x' if entry.get('done') else ' '}] {entry.get('name')}"
                    for entry in _entries(data)
                )
            case "attachments":
                return ", ".join(
                    str(entry.get("original_name") or f"#{entry.get('id')}")
                    for entry in _entries(data)
                )
            case _:
                return _plain(data)


def in_order(attributes: list[JsonObject], ids: Iterable[Any]) -> list[JsonObject]:
    """The attributes that a folder shows, in its order, then the others."""
    places = {str(id): place for place, id in enumerate(ids)}
    return sorted(attributes, key=lambda each: places.get(str(each["id"]), len(places)))


async def item_with_values(
    api: InfinityClient, workspace_id: str, board_id: str, item_id: str
) -> JsonObject:
    """One item with its values. Raises InfinityError."""
    return await api.get(
        "workspaces/{ws}/boards/{board}/items/{item}",
        {"expand": ["values"]},
        ws=workspace_id,
        board=board_id,
        item=item_id,
    )


def values_of(item: JsonObject) -> dict[str, Any]:
    """The values of an item: data by attribute id.

    An entry has an `attribute_id`, or an expanded `attribute`.
    """
    return {
        str(value.get("attribute_id") or value["attribute"]["id"]): value.get("data")
        for value in item.get("values") or []
        if not value.get("deleted")
    }


def _names_by_id(records: list[JsonObject]) -> dict[str, str]:
    return {str(r["id"]): str(r.get("name") or r.get("email") or f"#{r['id']}") for r in records}


def _ids(data: Any) -> list[str]:
    listed = data if isinstance(data, list) else [data]
    return [str(each["id"] if is_record(each) else each) for each in listed if each is not None]


def _entries(data: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []


def _plain(data: Any) -> str:
    if data is None or data == []:
        return ""
    return data if isinstance(data, str) else orjson.dumps(data).decode()
