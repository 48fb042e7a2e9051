"""Implements the operations on folders."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Folder, Json
from mcpserver.sandbox.data.store import next_sort_order, subtree
from mcpserver.sandbox.rules.validation import (
    UNKNOWN,
    Field,
    Fields,
    color,
    invalid,
    listing,
    mapping,
    position,
    string,
)


async def index(call: Call) -> Response:
    folders = call.store.folders.where(board_id=call.board().id)
    return call.page(folders, lambda folder: render(call, folder))


async def show(call: Call) -> Response:
    return call.one(render(call, call.find(call.store.folders, "folder", archived=True)))


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call))
    given.setdefault("sort_order", next_sort_order(call.store.folders.where(board_id=board.id)))
    folder = Folder(
        id=call.sandbox.ids.base58(),
        board_id=board.id,
        created_at=call.sandbox.now(),
        **given,
    )
    return call.created(render(call, call.store.folders.add(folder)))


async def update(call: Call) -> Response:
    folder = call.find(call.store.folders, "folder")
    given = await call.fields(_fields(call), partial=True)
    if given.get("parent_id") in subtree(call.store.folders, folder.id):
        raise invalid(("parent_id", UNKNOWN))
    call.change(folder, given)
    return call.updated(render(call, folder))


async def delete(call: Call) -> Response:
    """Archive a folder with its sub-folders, items and views."""
    folder = call.find(call.store.folders, "folder")
    inside = subtree(call.store.folders, folder.id)
    call.archive(call.store.items, [i for i in call.store.items.where() if i.folder_id in inside])
    call.archive(call.store.views, [v for v in call.store.views.where() if v.folder_id in inside])
    call.archive(call.store.folders, [f for f in call.store.folders.where() if f.id in inside])
    return call.removed(render(call, folder))


def render(call: Call, folder: Folder) -> Json:
    return {
        "id": folder.id,
        "object": "folder",
        "name": folder.name,
        "sort_order": folder.sort_order,
        "color": folder.color,
        "settings": call.settings(folder.settings),
        "attribute_ids": folder.attribute_ids,
        "parent_id": folder.parent_id,
        "deleted": folder.deleted,
    }


def _fields(call: Call) -> Fields:
    return {
        "name": Field(string, required=True),
        "color": Field(color, nullable=True),
        "parent_id": Field(call.on_board(call.store.folders), nullable=True),
        "attribute_ids": Field(listing(call.on_board(call.store.attributes))),
        "sort_order": Field(position),
        "settings": Field(mapping),
    }
