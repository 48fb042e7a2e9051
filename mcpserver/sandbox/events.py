"""Sends events of a board to its hooks, in the three shapes that Infinity uses."""

from __future__ import annotations

import asyncio
from typing import Any

from mcpserver.sandbox.data.models import Comment, Hook, Item, Json, Value
from mcpserver.sandbox.state import Delivery, Sandbox

EVENTS = (
    "item.created",
    "item.updated",
    "item.deleted",
    "item.finalized",
    "value.created",
    "value.updated",
    "comment.created",
    "comment.updated",
)
HEADERS = {"User-Agent": "Infinity/42.0.0", "Content-Type": "application/json"}
TEST_BODY: list[Any] = []


async def item_event(sandbox: Sandbox, event: str, item: Item) -> None:
    """Send an event of an item."""
    await _announce(sandbox, item.board_id, event, _item(sandbox, item))


async def value_event(
    sandbox: Sandbox, event: str, item: Item, attribute_id: str, value: Value
) -> None:
    """Send an event of a value."""
    payload = {
        "id": value.id,
        "object": "value",
        "data": value.data,
        "attribute_id": attribute_id,
        "item_id": item.id,
        "deleted": False,
    }
    await _announce(sandbox, item.board_id, event, payload)


async def comment_event(sandbox: Sandbox, event: str, comment: Comment) -> None:
    """Send an event of a comment."""
    item = sandbox.store.items.rows[comment.item_id]
    payload = {
        "id": comment.id,
        "object": "comment",
        "parent_id": comment.parent_id,
        "text": comment.text,
        "item": _item(sandbox, item),
        "created_at": sandbox.moment(comment.created_at),
        "created_by": comment.created_by,
        "deleted": comment.deleted,
    }
    await _announce(sandbox, comment.board_id, event, payload)


async def send_test(sandbox: Sandbox, hook_id: str) -> None:
    """Send what "test request" in Infinity's app sends."""
    await _deliver(sandbox, sandbox.store.hooks.rows[hook_id], TEST_BODY)


def _item(sandbox: Sandbox, item: Item) -> Json:
    return {
        "id": item.id,
        "object": "item",
        "folder_id": item.folder_id,
        "parent_id": item.parent_id,
        "created_at": sandbox.moment(item.created_at),
        "sort_order": item.sort_order,
        "deleted": item.deleted,
    }


async def _announce(sandbox: Sandbox, board_id: str, event: str, payload: Json) -> None:
    await asyncio.sleep(0)  # one call can cause hundreds; let other calls run in between
    times = 2 if sandbox.options.hook_deliver_twice else 1
    for hook in sandbox.store.hooks.where(board_id=board_id, deleted=False):
        if any(wanted["event"] == event for wanted in hook.events):
            for _ in range(times):
                await _deliver(sandbox, hook, {"event": event, "payload": payload})


async def _deliver(sandbox: Sandbox, hook: Hook, body: Any) -> None:
    if hook.failures >= sandbox.options.hook_disable_after:
        return
    delivery = Delivery(hook.id, hook.url, HEADERS, body)
    sandbox.deliveries.append(delivery)
    taken = await sandbox.deliver(delivery) if sandbox.deliver else True
    hook.failures = 0 if taken else hook.failures + 1
