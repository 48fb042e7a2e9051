"""Tools that read or make something leave out arguments that are empty."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent


@pytest.mark.parametrize("empty", [None, "", [], {}, "[]", "{}"])
def test_reading_tools_leave_out_what_is_empty(board: Agent, empty: Any) -> None:
    plain = board.call("infinity_list_items", limit=3)
    names = ["folder_id", "expand", "after", "before", "sort_by", "sort_direction"]
    if empty in ("[]", "{}"):
        names = ["expand"]  # the others are texts
    assert plain == board.call("infinity_list_items", limit=3, **dict.fromkeys(names, empty))


@pytest.mark.parametrize("empty", [None, "", []])
def test_creating_tools_leave_out_what_is_empty(board: Agent, empty: Any) -> None:
    names = ("color", "parent_id", "attribute_ids", "sort_order", "settings")
    plain = board.result("infinity_create_folder", name="Later")
    made = board.result("infinity_create_folder", name="Later", **dict.fromkeys(names, empty))
    own = {"id", "sort_order", "created_at", "url"}
    assert {key: plain[key] for key in plain if key not in own} == {
        key: made[key] for key in made if key not in own
    }
    made = board.result("infinity_create_attribute", name="N", type="label", default_data=empty)
    assert [] == made["default_data"]


@pytest.mark.parametrize("empty", ["", None])
def test_what_is_required_is_not_left_out(board: Agent, empty: str | None) -> None:
    told = board.refused("infinity_update_item", item_id=empty, title="a")
    assert "item_id: is empty" in told if empty == "" else "item_id is required" in told
