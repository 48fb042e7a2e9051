"""Formats values of items for reading: names for ids, plain dates, Markdown for HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from mcpserver.content import notices
from mcpserver.content.board_cache import Lists
from mcpserver.content.conversion import Texts, converting
from mcpserver.content.values.conversions import kind_of
from mcpserver.content.values.labels import labels_of
from mcpserver.infinity import JsonObject
from mcpserver.infinity.errors import Forbidden
from mcpserver.infinity.records import is_record

T = TypeVar("T")

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
        return await _read(lambda texts: [self._rows(item, texts) for item in items])

    async def row(self, attribute: JsonObject, item: JsonObject) -> JsonObject:
        """The row of one attribute; a value that was never set has the attribute's default."""
        return await _read(lambda texts: self._row(attribute, item, texts))

    def _rows(self, item: JsonObject, texts: Texts) -> list[JsonObject]:
        """A row for each value that the item has, in the order of the board's attributes."""
        values = _values(item)
        known = [attribute for attribute in self.attributes if str(attribute["id"]) in values]
        ids = {str(attribute["id"]) for attribute in known}
        new = [{"id": each} for each in values if each not in ids]  # made within the last minute
        return [self._row(attribute, item, texts) for attribute in known + new]

    def _row(self, attribute: JsonObject, item: JsonObject, texts: Texts) -> JsonObject:
        data = _values(item).get(str(attribute["id"]), attribute.get("default_data"))
        return {
            "attribute_id": attribute["id"],
            "attribute_name": attribute.get("name"),
            "attribute_type": attribute.get("type"),
            "data": data,
            "text": self._text(attribute, data, texts),
        }

    def _text(self, attribute: JsonObject, data: Any, texts: Texts) -> str:
        match kind_of(attribute):
            case "label":
                return ", ".join(_names(data, labels_of(attribute), keep_unknown=False))
            case "members" | "created_by":
                return ", ".join(_names(data, self.people, keep_unknown=True))
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


async def _read(read: Callable[[Texts], T]) -> T:
    """Run a function that reads texts, and add their notice to the result."""

    def noted(texts: Texts) -> tuple[T, str | None]:
        return read(texts), texts.notice

    result, notice = await converting(noted)
    if notice:
        notices.add(notice)
    return result


def _values(item: JsonObject) -> dict[str, Any]:
    """Data by attribute id. An entry has an `attribute_id`, or an expanded `attribute`."""
    return {
        str(value.get("attribute_id") or value["attribute"]["id"]): value.get("data")
        for value in item.get("values") or []
        if not value.get("deleted")
    }


def _names(data: Any, records: list[JsonObject], *, keep_unknown: bool) -> list[str]:
    """The names behind ids. `keep_unknown`: show other ids, useful for people, not for labels."""
    names = {str(r["id"]): str(r.get("name") or r.get("email") or f"#{r['id']}") for r in records}
    listed = data if isinstance(data, list) else [data]
    ids = [str(each["id"] if is_record(each) else each) for each in listed if each is not None]
    return [names.get(each, f"#{each}") for each in ids if keep_unknown or each in names]


def _entries(data: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []


def _plain(data: Any) -> str:
    if data is None or data == []:
        return ""
    return data if isinstance(data, str) else orjson.dumps(data).decode()
