"""An Infinity of fixed answers, as fast as an ASGI application can be: what is left is ours.

A profile of 49 bytes, a page of 100 items with 8 values each (148 kB), and one folder for writes.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.types import Receive, Scope, Send

HITS = "/hits"  # how many other requests there were
ATTRIBUTES = [str(uuid.UUID(int=n << 64)) for n in range(1, 9)]


def _value(item: int, attribute: int) -> dict[str, Any]:
    return {
        "object": "value",
        "attribute_id": ATTRIBUTES[attribute],
        "data": f"value {attribute} of item {item}: some text",
        "deleted": False,
        "note": "y" * 20,
    }


def _item(item: int) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=item)),
        "object": "item",
        "folder_id": "m4XcVb9RtQe",
        "parent_id": None,
        "created_at": "2026-02-03T04:05:06.000000Z",
        "created_by": 4242,
        "sort_order": str(65536 * item),
        "deleted": False,
        "values": [_value(item, attribute) for attribute in range(len(ATTRIBUTES))],
    }


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()


PROFILE = _encoded({"id": 1, "object": "user", "name": "n", "email": "e@x"})
FOLDER = _encoded({"id": "m4XcVb9RtQe", "object": "folder", "name": "n", "deleted": False})
PAGE = _encoded(
    {"has_more": False, "before": None, "after": None, "data": [_item(n) for n in range(100)]}
)


hits = 0


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    global hits
    hits += scope["path"] != HITS
    if scope["path"] == HITS:
        body = str(hits).encode()
    elif scope["path"].endswith("/profile"):
        body = PROFILE
    else:
        body = FOLDER if scope["method"] == "POST" else PAGE
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
