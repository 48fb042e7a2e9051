"""Implements the operations on boards."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Board, Json
from mcpserver.sandbox.errors import Forbidden
from mcpserver.sandbox.resources.members import RESTRICTED
from mcpserver.sandbox.rules.validation import (
    UNKNOWN,
    Field,
    color,
    fault,
    integer,
    listing,
    string,
)


async def index(call: Call) -> Response:
    boards = call.store.boards.where(workspace_id=call.workspace().id)
    seen = [board for board in boards if call.user.id in board.user_ids]
    return call.page(seen, lambda board: render(call, board))


async def show(call: Call) -> Response:
    return call.one(render(call, call.board()))


async def create(call: Call) -> Response:
    workspace = call.workspace()
    if call.member().role == RESTRICTED:
        raise Forbidden

    def member_id(value: object) -> int:
        if integer(value) not in workspace.members:
            raise fault(UNKNOWN)
        return integer(value)

    given = await call.fields(
        {
            "name": Field(string, required=True),
            "description": Field(string, nullable=True),
            "color": Field(color),
            "user_ids": Field(listing(member_id)),
        }
    )
    board = Board(
        id=call.sandbox.ids.base58(),
        workspace_id=workspace.id,
        name=given["name"],
        description=given.get("description"),
        color=given.get("color"),
        user_ids=list(dict.fromkeys([call.user.id, *given.get("user_ids", [])])),
        created_at=call.sandbox.now(),
    )
    return call.created(render(call, call.store.boards.add(board)))


def render(call: Call, board: Board) -> Json:
    return {
        "id": board.id,
        "object": "board",
        "name": board.name,
        "description": board.description,
        "color": board.color,
        "user_ids": board.user_ids,
        "workspace_id": board.workspace_id,
        "created_at": call.moment(board.created_at),
        "deleted": board.deleted,
    }
