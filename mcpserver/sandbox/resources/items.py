"""Implements the operations on items."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Set
from typing import Any

from starlette.responses import Response

from mcpserver.sandbox import events
from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Attribute, Folder, Item, Json, Value
from mcpserver.sandbox.data.store import next_sort_order, subtree
from mcpserver.sandbox.resources import attachments, attributes, folders, profile
from mcpserver.sandbox.rules.validation import UNKNOWN, Field, Fields, invalid, position, validate
from mcpserver.sandbox.rules.values import writable_values

VALUES = frozenset({"values", "values.attribute"})
EXPANDABLE = VALUES | {"folder", "created_by"}
ALWAYS_EMPTY = ("time_tracking", "time-tracking")


async def index(call: Call) -> Response:
    board = call.board()
    expand = call.expand()
    items: Iterable[Item] = call.store.items.where(board_id=board.id)
    filters = {"folder_id": Field(call.on_board(call.store.folders))}
    asked = validate(filters, call.request.query_params)
    if "folder_id" in asked:
        wanted = _folders(call, asked["folder_id"])
        items = [item for item in items if item.folder_id in wanted]
    return call.page(items, lambda item: render(call, item, expand))


async def show(call: Call) -> Response:
    item = call.find(call.store.items, "item", archived=True)
    return call.one(render(call, item, call.expand()))


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call))
    values = given.pop("values", [])
    _refuse_unattached(call, given["folder_id"], values)
    now = call.sandbox.now()
    siblings = call.store.items.where(folder_id=given["folder_id"])
    given.setdefault("sort_order", next_sort_order(siblings))
    board.items_made += 1
    item = Item(
        id=call.sandbox.ids.uuid7(now),
        board_id=board.id,
        created_at=now,
        created_by=call.user.id,
        updated_at=now,
        number=board.items_made,
        **given,
    )
    call.store.items.add(item)
    await events.item_event(call.sandbox, "item.created", item)
    await _set_values(call, item, values)
    return call.created(_answer(call, item))


async def update(call: Call) -> Response:
    item = call.find(call.store.items, "item")
    given = await call.fields(_fields(call), partial=True)
    values = given.pop("values", [])
    if given.get("parent_id") in subtree(call.store.items, item.id):
        raise invalid(("parent_id", UNKNOWN))
    _refuse_unattached(call, given.get("folder_id", item.folder_id), values)
    call.change(item, given | {"updated_at": call.sandbox.now()})
    if given:
        await events.item_event(call.sandbox, "item.updated", item)
    await _set_values(call, item, values)
    return call.updated(_answer(call, item))


async def delete(call: Call) -> Response:
    """Archive an item with its sub-items. Hooks get an update of `deleted`, as in Infinity."""
    item = call.find(call.store.items, "item")
    inside = subtree(call.store.items, item.id)
    gone = [row for row in call.store.items.where(deleted=False) if row.id in inside]
    call.archive(call.store.items, gone)
    for row in gone:
        await events.item_event(call.sandbox, "item.updated", row)
    return call.removed(render(call, item))


def render(call: Call, item: Item, expand: Set[str] = frozenset()) -> Json:
    content: Json = {
        "id": item.id,
        "object": "item",
        "folder_id": item.folder_id,
        "parent_id": item.parent_id,
        "created_at": call.moment(item.created_at),
        "created_by": item.created_by,
        "sort_order": item.sort_order,
        "deleted": item.deleted,
    }
    folder = call.store.folders.get(item.folder_id)
    if "folder" in expand and folder is not None:
        content["folder"] = folders.render(call, folder)
        if not call.options.expanded_folder_id:
            del content["folder_id"]
    if "created_by" in expand:
        content["created_by"] = profile.render(call.store.users.rows[item.created_by])
    if expand & VALUES:
        content["values"] = _values(call, item, folder, "values.attribute" in expand)
    return content


def _answer(call: Call, item: Item) -> Json:
    return render(call, item, {"values"} if call.options.values_in_answers else frozenset())


def _values(call: Call, item: Item, folder: Folder | None, with_attribute: bool) -> list[Json]:
    shown = set(folder.attribute_ids) if folder else set()
    derived = _derived(call, item)
    found = []
    for attribute in call.attributes:
        value = item.values.get(attribute.id)
        if value is None and attribute.type in derived and attribute.id in shown:
            value = Value(_derived_id(item, attribute), derived[attribute.type])
        if value is not None:
            found.append(_value(call, item, attribute, value, with_attribute))
    return found


def _value(
    call: Call, item: Item, attribute: Attribute, value: Value, with_attribute: bool
) -> Json:
    content: Json = {"object": "value", "attribute_id": attribute.id}
    content["data"] = _data(call, attribute, value.data)
    content["deleted"] = False
    if call.options.value_ids:
        content |= {"id": value.id, "item_id": item.id}
    if with_attribute:
        content["attribute"] = attributes.render(call, attribute)
        if not call.options.expanded_attribute_id:
            del content["attribute_id"]
    return content


def _data(call: Call, attribute: Attribute, data: Any) -> Any:
    if attribute.type != "attachments" or data is None:
        return data
    files = [call.store.attachments.rows[entry["id"]] for entry in data]
    return [attachments.render(call, file) for file in files]  # with newly signed links


def _derived(call: Call, item: Item) -> Json:
    """The data that Infinity derives from the item itself, by type of attribute."""
    derived: Json = {"custom_id": item.number} | {kind: [] for kind in ALWAYS_EMPTY}
    if call.options.computed_values:
        derived |= {
            "created_at": call.moment(item.created_at),
            "updated_at": call.moment(item.updated_at),
            "created_by": item.created_by,
            "source_folder": item.folder_id,
        }
    return derived


def _derived_id(item: Item, attribute: Attribute) -> str:
    return str(uuid.uuid5(uuid.UUID(attribute.id), item.id))


def _fields(call: Call) -> Fields:
    known = attributes.known(call)
    values = writable_values({row.id: row for row in call.attributes}, known)
    return {
        "folder_id": Field(call.on_board(call.store.folders), required=True),
        "parent_id": Field(call.on_board(call.store.items), nullable=True),
        "values": Field(values, present=call.options.values_required),
        "sort_order": Field(position),
    }


def _folders(call: Call, folder_id: str) -> set[str]:
    if call.options.parent_folder_includes_subfolders:
        return subtree(call.store.folders, folder_id)
    return {folder_id}


def _refuse_unattached(call: Call, folder_id: str, values: list[Json]) -> None:
    shown = set(call.store.folders.rows[folder_id].attribute_ids)
    unattached = [
        (f"values.{index}.attribute_id", UNKNOWN)
        for index, value in enumerate(values)
        if value["attribute_id"] not in shown
    ]
    if unattached and not call.options.write_unattached:
        raise invalid(*unattached)


async def _set_values(call: Call, item: Item, values: list[Json]) -> None:
    for given in values:
        value = item.values.get(given["attribute_id"])
        event = "value.created" if value is None else "value.updated"
        if value is None:
            value = item.values[given["attribute_id"]] = Value(call.sandbox.ids.uuid4(), None)
        value.data = given["data"]
        await events.value_event(call.sandbox, event, item, given["attribute_id"], value)
