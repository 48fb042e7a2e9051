"""Implements the operations on time entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Attribute, Json, TimeEntry
from mcpserver.sandbox.resources.items import ALWAYS_EMPTY
from mcpserver.sandbox.rules.validation import (
    UNKNOWN,
    Check,
    Field,
    fault,
    invalid,
    moment,
    string,
)


async def create(call: Call) -> Response:
    """Create an entry; without times, it is a timer that runs from now."""
    board = call.board()
    given = await call.fields(_fields(call))
    now = call.sandbox.now()
    given["started_at"] = given.get("started_at") or now
    _refuse_backwards(given["started_at"], given.get("ended_at"))
    if call.options.timer_stops_previous:
        _stop_running(call, now)
    entry = TimeEntry(
        id=call.sandbox.ids.uuid4(),
        board_id=board.id,
        created_by=call.user.id,
        created_at=now,
        **given,
    )
    return call.created(render(call, call.store.time_entries.add(entry)))


async def update(call: Call) -> Response:
    entry = call.find(call.store.time_entries, "entry")
    fields = _fields(call) | {
        "item_id": Field(_unchanged(entry.item_id)),
        "attribute_id": Field(_unchanged(entry.attribute_id)),
        "started_at": Field(moment),
    }
    given = await call.fields(fields, partial=True)
    started_at = given.get("started_at", entry.started_at)
    _refuse_backwards(started_at, given.get("ended_at", entry.ended_at))
    call.change(entry, given)
    return call.updated(render(call, entry))


async def delete(call: Call) -> Response:
    entry = call.find(call.store.time_entries, "entry")
    entry.deleted = True
    return call.removed(render(call, entry))


def render(call: Call, entry: TimeEntry) -> Json:
    return {
        "id": entry.id,
        "object": "time_entry",
        "item_id": entry.item_id,
        "attribute_id": entry.attribute_id,
        "started_at": call.moment(entry.started_at),
        "ended_at": call.moment(entry.ended_at),
        "description": entry.description,
        "created_by": entry.created_by,
        "deleted": entry.deleted,
    }


def _fields(call: Call) -> dict[str, Field]:
    return {
        "item_id": Field(call.on_board(call.store.items), required=True),
        "attribute_id": Field(_tracking_attribute(call), required=True),
        "started_at": Field(moment, nullable=True),
        "ended_at": Field(moment, nullable=True),
        "description": Field(string, nullable=True),
    }


def _tracking_attribute(call: Call) -> Check:
    on_board = call.on_board(call.store.attributes)

    def check(value: Any) -> str:
        attribute: Attribute = call.store.attributes.rows[on_board(value)]
        if attribute.type not in ALWAYS_EMPTY:
            raise fault(UNKNOWN)
        return attribute.id

    return check


def _unchanged(current: str) -> Check:
    def check(value: Any) -> str:
        if value != current:
            raise fault("The {field} field cannot be changed.")
        return current

    return check


def _refuse_backwards(started_at: datetime, ended_at: datetime | None) -> None:
    if ended_at is not None and ended_at < started_at:
        message = "The {field} field must be a date after or equal to started at."
        raise invalid(("ended_at", message))


def _stop_running(call: Call, now: datetime) -> None:
    running = {"created_by": call.user.id, "ended_at": None, "deleted": False}
    for entry in call.store.time_entries.where(**running):
        entry.ended_at = now
