"""Finds the names that a result needs: of attributes, labels and people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpserver.content import notices
from mcpserver.content.board_cache import Lists
from mcpserver.content.item_reader import MEMBER_KINDS, Reader
from mcpserver.content.titles import title_attribute
from mcpserver.content.values.conversions import kind_of
from mcpserver.infinity import InfinityError, JsonObject
from mcpserver.infinity.errors import Forbidden
from mcpserver.infinity.records import is_record

PEOPLE = ("created_by", "user_ids")


async def names_of(data: JsonObject, lists: Lists | None) -> Reader:
    """What knows the names for `data`, one record or a page. A name that cannot be read is no
    failure of the call: its id is shown."""
    records = list(_records(data))
    values = [value for record in records for value in raw_values(record)]
    attributes = {str(each["id"]): each for each in map(_expanded, values) if each}
    if lists is None:
        return Reader(list(attributes.values()), [])
    try:
        if not attributes and (values or data.get("attribute_ids")):
            attributes = {str(each["id"]): each for each in await lists.attributes()}
        if title := await title_attribute(list(attributes.values())):
            attributes = {str(title["id"]): title, **attributes}  # comes first
        if _names_people(records, values, attributes):
            return Reader(list(attributes.values()), await lists.members())
    except Forbidden:
        pass  # a restricted member may not list the others
    except InfinityError:
        notices.add("Names could not be read now: ids stand in their place.")
    return Reader(list(attributes.values()), [])


def raw_values(record: JsonObject) -> Iterator[JsonObject]:
    """The values of an item as Infinity has them."""
    values = record.get("values")
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict) and "attribute_name" not in value and not value.get("deleted"):
            yield value


def attribute_id_of(value: JsonObject) -> str:
    """The id of a value's attribute, which may be expanded."""
    return str(value.get("attribute_id") or (value.get("attribute") or {}).get("id"))


def _records(data: JsonObject) -> Iterator[JsonObject]:
    listed = data.get("data")
    for record in listed if isinstance(listed, list) else [data]:
        if isinstance(record, dict):
            yield record
            if isinstance(record.get("item"), dict):  # of a comment, expanded
                yield record["item"]


def _expanded(value: JsonObject) -> JsonObject | None:
    attribute = value.get("attribute")
    return attribute if is_record(attribute) else None


def _names_people(
    records: list[JsonObject], values: list[JsonObject], attributes: dict[str, Any]
) -> bool:
    if any(type(record.get("created_by")) is int for record in records):
        return True
    if any(record.get("user_ids") for record in records):
        return True
    used = (attributes.get(attribute_id_of(value)) for value in values if value.get("data"))
    return any(kind_of(attribute) in MEMBER_KINDS for attribute in used if attribute)
