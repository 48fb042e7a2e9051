"""Implements the operations on comments."""

from __future__ import annotations

from collections.abc import Set

from starlette.responses import Response

from mcpserver.sandbox import events
from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Comment, Item, Json
from mcpserver.sandbox.resources import items, profile
from mcpserver.sandbox.rules.validation import UNKNOWN, Field, Fields, invalid
from mcpserver.sandbox.rules.values import html_text

ITEM = frozenset({"item", "item.values"})
EXPANDABLE = ITEM | {"created_by"}


async def index(call: Call) -> Response:
    item = _item(call, archived=True)
    expand = call.expand()
    comments = call.store.comments.where(item_id=item.id)
    return call.page(comments, lambda comment: render(call, comment, expand))


async def show(call: Call) -> Response:
    comment = _comment(call, _item(call, archived=True))
    return call.one(render(call, comment, call.expand()))


async def create(call: Call) -> Response:
    item = _item(call)
    given = await call.fields(_fields(call, item))
    comment = Comment(
        id=call.sandbox.ids.uuid4(),
        board_id=item.board_id,
        item_id=item.id,
        created_at=call.sandbox.now(),
        created_by=call.user.id,
        **given,
    )
    call.store.comments.add(comment)
    await events.comment_event(call.sandbox, "comment.created", comment)
    return call.created(render(call, comment))


async def update(call: Call) -> Response:
    item = _item(call)
    comment = _comment(call, item)
    given = await call.fields(_fields(call, item), partial=True)
    if given.get("parent_id") == comment.id:
        raise invalid(("parent_id", UNKNOWN))
    call.change(comment, given)
    await events.comment_event(call.sandbox, "comment.updated", comment)
    return call.updated(render(call, comment))


async def delete(call: Call) -> Response:
    comment = _comment(call, _item(call))
    comment.deleted = True
    return call.removed(render(call, comment))


def render(call: Call, comment: Comment, expand: Set[str] = frozenset()) -> Json:
    content: Json = {
        "id": comment.id,
        "object": "comment",
        "parent_id": comment.parent_id,
        "text": comment.text,
        "created_at": call.moment(comment.created_at),
        "created_by": comment.created_by,
        "deleted": comment.deleted,
    }
    if "created_by" in expand:
        content["created_by"] = profile.render(call.store.users.rows[comment.created_by])
    if expand & ITEM:
        item = call.store.items.rows[comment.item_id]
        content["item"] = items.render(call, item, {"values"} if "item.values" in expand else set())
    return content


def _item(call: Call, *, archived: bool = False) -> Item:
    return call.find(call.store.items, "item", archived=archived)


def _comment(call: Call, item: Item) -> Comment:
    return call.find(call.store.comments, "comment", item_id=item.id)


def _fields(call: Call, item: Item) -> Fields:
    replied_to = call.on_board(call.store.comments, item_id=item.id)
    return {
        "text": Field(html_text(call.options), required=True),
        "parent_id": Field(replied_to, nullable=True),
    }
