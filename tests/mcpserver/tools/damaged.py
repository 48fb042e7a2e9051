"""Records that are damaged, and those beside them that are sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_types import CallToolResult

Record = dict[str, Any]
Calls = list[tuple[str, dict[str, Any]]]
Ask = Callable[[dict[str, Any], Calls], list[CallToolResult]]

_NO_IDS: list[Any] = [None, True, 1.5, "", " ", [], ["x"], {}, {"id": "x"}]
NO_RECORDS: list[Any] = [
    None,
    5,
    1.5,
    True,
    "text",
    [],
    [{"id": "x"}],
    {},
    {"name": "no id"},
    *({"id": id, "name": "x"} for id in _NO_IDS),
]
NO_VALUES: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    {"data": "x"},
    *({"attribute_id": id, "data": "x"} for id in _NO_IDS),
    *({"attribute": each, "data": "x"} for each in (5, "text", [], [1], {}, {"id": None})),
    {"attribute_id": "a1", "attribute": 5, "data": "x"},
]
ODD: list[Any] = [None, 5, 1.5, True, "text", "", [], [None], [[1]], [{"a": 1}], {}, {"a": [1]}]
TYPES = (
    *("text", "longtext", "checkbox", "label", "members", "date", "number", "progress", "rating"),
    *("email", "phone", "links", "checklist", "attachments", "vote", "reference", "created_by"),
    *("created_at", "source_folder", "custom_id", "time_tracking", "formula"),
)

PLACE = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
ITEM = {**PLACE, "item_id": "i1"}
STATUS: Record = {
    "id": "a2",
    "object": "attribute",
    "name": "Status",
    "type": "label",
    "settings": {"labels": [{"id": "l1", "name": "Done"}]},
}
NAME = {"id": "a1", "object": "attribute", "name": "Name", "type": "text"}
PEOPLE = {"id": "a3", "object": "attribute", "name": "People", "type": "members"}
VALUE = {"object": "value", "attribute_id": "a1", "data": "Buy paper"}
GOOD_ITEM = {"id": "i1", "object": "item", "parent_id": "p", "values": [VALUE]}
ADA = {"id": 4242, "object": "user", "name": "Ada"}


def page(*records: Any) -> Record:
    return {"has_more": False, "before": None, "after": None, "data": list(records)}


def told(count: int) -> str:
    return f"Left out, being damaged in Infinity's answer: records or values, {count} in all."
