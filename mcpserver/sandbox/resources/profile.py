"""Implements the operation that returns the token's user."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Json, User


async def show(call: Call) -> Response:
    return call.one(render(call.user))


def render(user: User) -> Json:
    return {
        "id": user.id,
        "object": "user",
        "name": user.name,
        "email": user.email,
        "photo_url": user.photo_url,
        "deleted": user.deleted,
    }
