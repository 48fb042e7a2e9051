"""What the updates change: each an agent at one thing that has something to empty."""

from __future__ import annotations

import pytest

from tests.mcpserver.tools.agent import Agent


@pytest.fixture
def subitem(board: Agent, item: Agent) -> Agent:
    """At a sub-item with a title."""
    parent = item.place["item_id"]
    folder = item.result("infinity_get_item")["folder_id"]
    place = {"parent_item_id": parent, "folder_id": folder}
    made = board.result("infinity_create_subitem", **place, title="Small")
    return board.at(item_id=made["id"])


@pytest.fixture
def reply(item: Agent) -> Agent:
    first = item.result("infinity_create_comment", text="First.")
    second = item.result("infinity_create_comment", text="Second.", parent_id=first["id"])
    return item.at(comment_id=second["id"])


@pytest.fixture
def subfolder(board: Agent, folder_ids: dict[str, str]) -> Agent:
    made = board.result(
        "infinity_create_folder", name="Sub", parent_id=folder_ids["Ideas"], color="#123456"
    )
    return board.at(folder_id=made["id"])


@pytest.fixture
def size(board: Agent) -> Agent:
    made = board.result("infinity_create_attribute", name="Size", type="number", default_data=3)
    return board.at(attribute_id=made["id"])


@pytest.fixture
def entry(item: Agent, board: Agent) -> Agent:
    made = item.result(
        "infinity_create_time_entry",
        attribute_id="Time spent",
        started_at="2026-02-03T06:00:00Z",
        ended_at="2026-02-03T06:30:00Z",
        description="Call",
    )
    return board.at(time_entry_id=made["id"])
