"""Renders data in tests as a tool would."""

from __future__ import annotations

from typing import Any, get_args

from mcpserver.content.item_reader import Reader
from mcpserver.content.rendering.results import Format

FORMATS: tuple[Format, ...] = get_args(Format)
LIMIT = 2_000


def page(count: int, **changes: Any) -> dict[str, Any]:
    records = [
        {"id": f"id-{n}", "object": "item", "name": f"Item {n}", "note": f"{n} " + "x" * 80}
        for n in range(count)
    ]
    return {"has_more": False, "before": "b", "after": "a", "data": records, **changes}


def reader(*attributes: dict[str, Any], people: list[dict[str, Any]] | None = None) -> Reader:
    return Reader(list(attributes), people or [])
