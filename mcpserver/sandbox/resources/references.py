"""Implements the operations on references."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Json, Reference
from mcpserver.sandbox.errors import ApiError
from mcpserver.sandbox.rules.validation import Field, Fields, invalid, string, validate


async def index(call: Call) -> Response:
    """List references, in old versions only."""
    board = call.board()
    names = ("from_item_id", "to_item_id", "attribute_id")
    asked = validate({name: Field(string) for name in names}, call.request.query_params)
    return call.page(call.store.references.where(board_id=board.id, **asked), render)


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call))
    existing = call.store.references.where(board_id=board.id, deleted=False, **given)
    if existing and call.options.reference_repeat == "refuse":
        raise invalid(("to_item_id", "The {field} has already been taken."))
    if existing and call.options.reference_repeat == "existing":
        return call.created(render(existing[0]))
    made = call.sandbox.now()
    reference = Reference(call.sandbox.ids.uuid4(), board.id, created_at=made, **given)
    return call.created(render(call.store.references.add(reference)))


async def delete(call: Call) -> Response:
    if call.options.reference_delete_removed and call.archives:
        raise ApiError(call.options.removed_status, "Removed in selected version")
    reference = call.find(call.store.references, "reference")
    reference.deleted = True
    return call.removed(render(reference))


def render(reference: Reference) -> Json:
    return {
        "id": reference.id,
        "object": "reference",
        "attribute_id": reference.attribute_id,
        "from_item_id": reference.from_item_id,
        "to_item_id": reference.to_item_id,
        "deleted": reference.deleted,
    }


def _fields(call: Call) -> Fields:
    item = Field(call.on_board(call.store.items), required=True)
    attribute = call.on_board(call.store.attributes, type="reference")
    return {
        "attribute_id": Field(attribute, required=True),
        "from_item_id": item,
        "to_item_id": item,
    }
