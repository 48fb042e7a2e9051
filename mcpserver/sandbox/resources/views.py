"""Implements the operations on views."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Json, View
from mcpserver.sandbox.data.store import next_sort_order
from mcpserver.sandbox.rules.validation import (
    Field,
    Fields,
    choice,
    mapping,
    position,
    string,
    validate,
)

# It is not known whether the API uses column or columns.
TYPES = ("table", "column", "columns", "list", "calendar", "gantt", "form", "chart", "document")


async def index(call: Call) -> Response:
    board = call.board()
    filters = {"folder_id": Field(call.on_board(call.store.folders))}
    asked = validate(filters, call.request.query_params)
    views = call.store.views.where(board_id=board.id, **asked)
    return call.page(views, lambda view: render(call, view))


async def show(call: Call) -> Response:
    return call.one(render(call, call.find(call.store.views, "view")))


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call))
    siblings = call.store.views.where(folder_id=given["folder_id"])
    given.setdefault("sort_order", next_sort_order(siblings))
    view = View(
        id=call.sandbox.ids.uuid4(),
        board_id=board.id,
        created_at=call.sandbox.now(),
        created_by=call.user.id,
        **given,
    )
    return call.created(render(call, call.store.views.add(view)))


async def update(call: Call) -> Response:
    view = call.find(call.store.views, "view")
    call.change(view, await call.fields(_fields(call), partial=True))
    return call.updated(render(call, view))


async def delete(call: Call) -> Response:
    view = call.find(call.store.views, "view")
    view.deleted = True
    return call.removed(render(call, view))


def render(call: Call, view: View) -> Json:
    return {
        "id": view.id,
        "object": "folderview",
        "folder_id": view.folder_id,
        "name": view.name,
        "type": view.type,
        "sort_order": view.sort_order,
        "settings": call.settings(view.settings),
        "created_by": view.created_by,
        "created_at": call.moment(view.created_at),
        "deleted": view.deleted,
    }


def _fields(call: Call) -> Fields:
    return {
        "folder_id": Field(call.on_board(call.store.folders), required=True),
        "name": Field(string, required=True),
        "type": Field(choice(TYPES), required=True),
        "settings": Field(mapping),
        "sort_order": Field(position),
    }
