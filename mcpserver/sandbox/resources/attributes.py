"""Implements the operations on attributes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Attribute, Json
from mcpserver.sandbox.rules.validation import Field, Fields, choice, mapping, string, validate
from mcpserver.sandbox.rules.values import (
    CHECKS,
    COMPUTED,
    Known,
    data_check,
    empty_data,
    settings_check,
)

DEFAULT_SETTINGS: dict[str, Json] = {
    "label": {"multiple": False, "allowNew": True, "allowEmpty": True, "labels": []},
}


async def index(call: Call) -> Response:
    attributes = call.store.attributes.where(board_id=call.board().id)
    return call.page(attributes, lambda attribute: render(call, attribute))


async def show(call: Call) -> Response:
    return call.one(render(call, call.find(call.store.attributes, "attribute")))


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call, None))
    kind = given["type"]
    given["settings"] = DEFAULT_SETTINGS.get(kind, {}) | given.get("settings", {})
    given.setdefault("default_data", empty_data(kind))
    attribute = Attribute(
        id=call.sandbox.ids.uuid4(),
        board_id=board.id,
        created_at=call.sandbox.now(),
        **given | _checked(call, kind, given),
    )
    return call.created(render(call, call.store.attributes.add(attribute)))


async def update(call: Call) -> Response:
    attribute = call.find(call.store.attributes, "attribute")
    given = await call.fields(_fields(call, attribute), partial=True)
    kind = given.get("type", attribute.type)
    call.change(attribute, given | _checked(call, kind, {"settings": attribute.settings} | given))
    return call.updated(render(call, attribute))


async def delete(call: Call) -> Response:
    attribute = call.find(call.store.attributes, "attribute")
    attribute.deleted = True
    for folder in call.store.folders.where(board_id=attribute.board_id):
        folder.attribute_ids = [key for key in folder.attribute_ids if key != attribute.id]
    return call.removed(render(call, attribute))


def render(call: Call, attribute: Attribute) -> Json:
    return {
        "id": attribute.id,
        "object": "attribute",
        "name": attribute.name,
        "type": attribute.type,
        "default_data": attribute.default_data,
        "settings": call.settings(attribute.settings),
        "deleted": attribute.deleted,
    }


def known(call: Call) -> Known:
    """The ids that values on the path's board may refer to."""
    workspace = call.workspace()
    attachments = call.store.attachments.where(workspace_id=workspace.id)
    return Known(
        member_ids=workspace.members.keys(),
        attachment_ids={attachment.id for attachment in attachments},
        new_id=call.sandbox.ids.uuid4,
        options=call.options,
    )


def _fields(call: Call, current: Attribute | None) -> Fields:
    creatable = CHECKS.keys() | COMPUTED
    if not call.options.checklist_creatable:
        creatable -= {"checklist"}
    if current is not None:  # a whole object may be sent back, also of a type that is not creatable
        creatable |= {current.type}
    return {
        "name": Field(string, required=True),
        "type": Field(choice(creatable), required=True),
        "default_data": Field(lambda data: data),
        "settings": Field(mapping),
    }


def _checked(call: Call, kind: str, content: dict[str, Any]) -> Json:
    """Valid settings and default_data, whose form depends on the type."""
    settings = {"settings": Field(settings_check(kind))}
    clean = validate(settings, content)
    if content.get("default_data") is not None and kind in CHECKS:
        check = data_check(kind, clean["settings"] | {"allowEmpty": True}, known(call))
        clean |= validate({"default_data": Field(check)}, content)
    return clean
