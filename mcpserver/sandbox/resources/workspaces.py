"""Implements the operations on workspaces."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Json, Workspace


async def index(call: Call) -> Response:
    mine = [row for row in call.store.workspaces.where() if call.user.id in row.members]
    return call.page(mine, render, id_type=int)


def render(workspace: Workspace) -> Json:
    return {
        "id": workspace.id,
        "object": "workspace",
        "name": workspace.name,
        "deleted": workspace.deleted,
    }
