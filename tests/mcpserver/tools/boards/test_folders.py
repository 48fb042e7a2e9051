from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases
from tests.support import Infinity

Ids = dict[str, str]


@pytest.fixture
def folder(board: Agent, folder_ids: Ids, attribute_ids: Ids) -> Agent:
    """At a new folder with everything that a folder can have."""
    made = board.result(
        "infinity_create_folder",
        name="Later",
        color="#9FE1E7",
        parent_id=folder_ids["Ideas"],
        attribute_ids=[attribute_ids["Name"], attribute_ids["Notes"]],
        sort_order="12.5",
        settings={"attributes": [{"width": 200}]},
    )
    return board.at(folder_id=made["id"])


def read(folder: Agent) -> dict[str, Any]:
    return folder.result("infinity_get_folder")


def test_a_new_folder_has_all_that_it_was_given(
    folder: Agent, folder_ids: Ids, attribute_ids: Ids
) -> None:
    assert {
        "name": "Later",
        "color": "#9FE1E7",
        "parent_id": folder_ids["Ideas"],
        "attribute_ids": [attribute_ids["Name"], attribute_ids["Notes"]],
        "sort_order": "12.5",
        "settings": {"attributes": [{"width": 200}]},
    }.items() <= read(folder).items()


def test_folders_are_listed_with_their_parents(board: Agent, folder_ids: Ids) -> None:
    parents = {each["name"]: each["parent_id"] for each in board.records("infinity_list_folders")}
    assert {
        "Releases": None,
        "Sprint 14": folder_ids["Releases"],
        "Hotfixes": folder_ids["Sprint 14"],
        "Backlog": None,
        "Ideas": None,
    } == parents


def test_a_folder_needs_only_a_name(board: Agent) -> None:
    made = board.result("infinity_create_folder", name="Later", color=None, parent_id=None)
    assert {"color": None, "parent_id": None, "attribute_ids": []}.items() <= made.items()


def test_an_update_changes_what_it_names_and_nothing_else(folder: Agent) -> None:
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": "Soon"}, {"name": "Soon"}),
        ({"color": None}, {"color": None}),
        ({"color": "#000000", "name": None, "settings": None}, {"color": "#000000"}),
        ({"parent_id": None}, {"parent_id": None}),
        ({"settings": '{"attributes": [1]}'}, {"settings": {"attributes": [1]}}),
        ({"settings": {"a": 2}}, {"settings": {"attributes": [1], "a": 2}}),
        ({"settings": {"a": None}}, {"settings": {"attributes": [1], "a": None}}),
        ({"sort_order": "-1"}, {"sort_order": "-1"}),
    ]
    expected = read(folder)
    for changes, becomes in steps:
        folder.result("infinity_update_folder", **changes)
        expected |= becomes
        assert expected == read(folder)


def test_settings_within_settings_stay_too(folder: Agent) -> None:
    before = folder.result("infinity_get_folder")["settings"]
    folder.result("infinity_update_folder", settings={"a": {"b": 1, "c": [1]}})
    folder.result("infinity_update_folder", settings={"a": {"c": [2], "d": {"e": 1}}})
    after = folder.result("infinity_get_folder")["settings"]
    assert {**before, "a": {"b": 1, "c": [2], "d": {"e": 1}}} == after


@pytest.mark.parametrize("form", ["Notes", " notes", ["Notes"], '["Notes"]', "id"])
def test_one_attribute_alone_is_a_list_of_one(
    folder: Agent, attribute_ids: dict[str, str], form: Any
) -> None:
    wanted = attribute_ids["Notes"] if form == "id" else form
    done = folder.result("infinity_update_folder", attribute_ids=wanted)
    assert [attribute_ids["Notes"]] == done["attribute_ids"]


def test_a_wrong_update_is_refused_before_anything_is_sent(folder: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"name": None, "settings": None}, "give at least one thing to change"),
        ({"name": " "}, "name: is empty"),
        ({"color": "#12345"}, "color: must be #RRGGBB, such as #9FE1E7"),
        ({"parent_id": " "}, "parent_id: is empty"),
        ({"attribute_ids": [7]}, "attribute_ids.0: must be text"),
        ({"attribute_ids": 7}, "attribute_ids.0: must be text"),
        ({"attribute_ids": True}, "attribute_ids: must be a list"),
        ({"attribute_ids": {"id": "Name"}}, "attribute_ids: must be a list"),
        ({"attribute_ids": "Nme"}, "there is no attribute 'Nme'; there are: "),
        ({"settings": [1]}, "settings: takes a JSON object"),
    ]
    for changes, told in cases:
        before = read(folder)
        assert told in folder.refused("infinity_update_folder", **changes)
        assert before == read(folder)


def test_a_folder_cannot_become_its_own_parent(folder: Agent) -> None:
    told = folder.error("infinity_update_folder", parent_id=folder.place["folder_id"])
    assert "Infinity says: parent_id: " in told


def test_an_archived_folder_is_in_the_trash_with_its_items(board: Agent, folder_ids: Ids) -> None:
    inside = board.at(folder_id=folder_ids["Ideas"])
    archived = inside.result("infinity_archive_folder")
    assert archived["deleted"] is True
    assert "Ideas" not in [folder["name"] for folder in board.records("infinity_list_folders")]
    assert 20 == len(board.records("infinity_list_items"))
    assert "deleted: true" in inside.text("infinity_get_folder")


def test_many_hidden_attributes_are_counted_after_the_advice(board: Agent, folder: Agent) -> None:
    made = [
        board.result("infinity_create_attribute", name=f"Attr {n}", type="text")["id"]
        for n in range(13)
    ]
    folder.result("infinity_update_folder", attribute_ids=made)
    notice = folder.result("infinity_update_folder", attribute_ids=["Attr 0"])["notice"]
    assert notice.startswith("To show attributes again, send attribute_ids with all")
    assert notice.endswith(f"whose values are kept: {', '.join(made[1:11])} and 2 more.")


def test_a_written_folder_says_its_address(board: Agent, infinity: Infinity) -> None:
    origin = infinity.url.removesuffix("/api/v2")
    made = board.result("infinity_create_folder", name="New")
    assert f"{origin}/b/{board.place['board_id']}/{made['id']}" == made["url"]
    changed = board.result("infinity_update_folder", folder_id=made["id"], name="Newer")
    assert made["url"] == changed["url"]
