from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases

Ids = dict[str, str]


@pytest.fixture
def view(board: Agent, folder_ids: Ids) -> Agent:
    """At a new view."""
    made = board.result(
        "infinity_create_view",
        folder_id=folder_ids["Backlog"],
        name="Deadlines",
        type="calendar",
        sort_order="7",
        settings={"filters": []},
    )
    return board.at(view_id=made["id"])


def test_a_new_view_has_all_that_it_was_given(view: Agent, folder_ids: Ids) -> None:
    assert {
        "folder_id": folder_ids["Backlog"],
        "name": "Deadlines",
        "type": "calendar",
        "sort_order": "7",
        "settings": {"filters": []},
    }.items() <= view.result("infinity_get_view").items()


def test_views_are_listed_by_board_and_by_folder(board: Agent, folder_ids: Ids) -> None:
    backlog = folder_ids["Backlog"]
    assert 5 == len(board.records("infinity_list_views"))
    (only,) = board.records("infinity_list_views", folder_id=backlog)
    assert ("All", backlog) == (only["name"], only["folder_id"])


@pytest.mark.parametrize(
    "changes",
    [{"name": "By month"}, {"type": "table"}, {"settings": {"filters": [1]}}, {"sort_order": "8"}],
)
def test_an_update_changes_what_it_names_and_nothing_else(
    view: Agent, changes: dict[str, Any]
) -> None:
    before = view.result("infinity_get_view")
    view.result("infinity_update_view", **changes)
    assert {**before, **changes} == view.result("infinity_get_view")


def test_settings_that_are_not_named_stay(view: Agent) -> None:
    before = view.result("infinity_get_view")["settings"]
    view.result("infinity_update_view", settings={"a": 1})
    assert {**before, "a": 1} == view.result("infinity_get_view")["settings"]


def test_settings_within_settings_stay_too(view: Agent) -> None:
    before = view.result("infinity_get_view")["settings"]
    view.result("infinity_update_view", settings={"a": {"b": 1, "c": [1]}})
    view.result("infinity_update_view", settings={"a": {"c": [2], "d": {"e": 1}}})
    after = view.result("infinity_get_view")["settings"]
    assert {**before, "a": {"b": 1, "c": [2], "d": {"e": 1}}} == after


def test_a_view_moves_to_another_folder(view: Agent, folder_ids: Ids) -> None:
    view.result("infinity_update_view", folder_id=folder_ids["Ideas"])
    assert folder_ids["Ideas"] == view.result("infinity_get_view")["folder_id"]


def test_a_wrong_view_is_refused_before_anything_is_sent(board: Agent, folder_ids: Ids) -> None:
    cases: Cases = [
        ({"name": "Deadlines"}, "type is required"),
        ({"name": "Deadlines", "type": ""}, "type: is empty"),
        ({"name": "", "type": "table"}, "name: is empty"),
        ({"name": "Deadlines", "type": "table", "settings": "x"}, "settings: takes a JSON object"),
    ]
    for arguments, told in cases:
        place = {"folder_id": folder_ids["Backlog"]}
        assert told in board.refused("infinity_create_view", **place, **arguments)


def test_a_wrong_update_is_refused_before_anything_is_sent(view: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"settings": "[1]"}, "settings: takes a JSON object"),
        ({"folder_id": " "}, "folder_id: is empty"),
    ]
    for changes, told in cases:
        assert told in view.refused("infinity_update_view", **changes)


def test_a_type_that_infinity_does_not_know_is_told(view: Agent) -> None:
    assert "Infinity says: type: " in view.error("infinity_update_view", type="hologram")


def test_a_deleted_view_is_gone(view: Agent, board: Agent) -> None:
    assert view.result("infinity_delete_view")["deleted"] is True
    assert "(404)" in view.error("infinity_get_view")
    assert 5 == len(board.records("infinity_list_views"))
