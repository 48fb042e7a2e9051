"""Labels of an attribute, and what an attribute's settings hold."""

from __future__ import annotations

from typing import Any

from tests.mcpserver.tools.agent import Agent

Ids = dict[str, str]


def settings_of(attribute: Agent) -> dict[str, Any]:
    return dict(attribute.result("infinity_get_attribute")["settings"])


def label_ids(attribute: Agent) -> dict[str, str]:
    """By name."""
    return {label["name"]: label["id"] for label in settings_of(attribute)["labels"]}


def create_item(board: Agent, folder_ids: Ids, **values: Any) -> dict[str, Any]:
    return board.result(
        "infinity_create_item", folder_id=folder_ids["Backlog"], values_by_name=values
    )


TODO, DOING, UNKNOWN = (f"0c9f4e1a-1111-4c3d-9a55-00000000000{n}" for n in range(3))
BEFORE = [("Todo", "#111111"), ("Doing", "#222222")]
Shown = list[tuple[str, str | None]]


def shown(attribute: Agent) -> Shown:
    """The names and colours of its labels."""
    return [(label["name"], label.get("color")) for label in settings_of(attribute)["labels"]]
