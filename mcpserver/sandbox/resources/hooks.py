"""Implements the operations on webhooks."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Hook, Json
from mcpserver.sandbox.events import EVENTS
from mcpserver.sandbox.rules.validation import (
    UNKNOWN,
    Check,
    Field,
    Fields,
    fault,
    listing,
    record,
    string,
    web_url,
)

FIRST_VERSION_WITH_OBJECTS = "2026-04-20.morava"


async def index(call: Call) -> Response:
    hooks = call.store.hooks.where(board_id=call.board().id)
    return call.page(hooks, lambda hook: render(call, hook))


async def create(call: Call) -> Response:
    board = call.board()
    given = await call.fields(_fields(call))
    hook = Hook(
        id=call.sandbox.ids.uuid4(),
        board_id=board.id,
        user_id=call.user.id,
        secret=call.sandbox.ids.secret(),
        created_at=call.sandbox.now(),
        **given,
    )
    return call.created(render(call, call.store.hooks.add(hook)))


async def update(call: Call) -> Response:
    hook = call.find(call.store.hooks, "hook")
    call.change(hook, await call.fields(_fields(call), partial=True))
    return call.updated(render(call, hook))


async def delete(call: Call) -> Response:
    hook = call.find(call.store.hooks, "hook")
    hook.deleted = True
    return call.removed(render(call, hook))


def render(call: Call, hook: Hook) -> Json:
    return {
        "id": hook.id,
        "object": "hook",
        "url": hook.url,
        "events": _events(call, hook),
        "user_id": hook.user_id,
        "board_id": hook.board_id,
        "secret": hook.secret,
        "created_at": call.moment(hook.created_at),
        "deleted": hook.deleted,
    }


def _events(call: Call, hook: Hook) -> list[Any]:
    if call.version >= FIRST_VERSION_WITH_OBJECTS:
        return hook.events
    return [event["event"] for event in hook.events]


def _fields(call: Call) -> Fields:
    return {
        "url": Field(web_url, required=True),
        "events": Field(listing(_event(call)), required=True),
    }


def _event(call: Call) -> Check:
    """An element of `events`: {"event": name, "data"?} or the bare name; kept as the object."""

    def name(value: Any) -> str:
        if string(value) not in EVENTS and call.options.unknown_hook_events == "refuse":
            raise fault(UNKNOWN)
        return str(value)

    whole = record({"event": Field(name, required=True), "data": Field(lambda data: data)})

    def check(value: Any) -> Json:
        form = "strings" if isinstance(value, str) else "objects"
        if call.options.hook_events not in ("both", form):
            raise fault("The {field} field has the wrong form.")
        return {"event": name(value)} if isinstance(value, str) else dict(whole(value))

    return check
