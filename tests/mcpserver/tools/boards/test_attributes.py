"""Tools that read and change attributes and their labels."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases
from tests.mcpserver.tools.labels import (
    Ids,
    create_item,
    label_ids,
    settings_of,
)


def test_attributes_are_listed_with_the_labels_to_choose_from(board: Agent) -> None:
    attributes = {each["name"]: each for each in board.records("infinity_list_attributes")}
    labels = attributes["Status"]["settings"]["labels"]
    assert ["To do", "Doing", "Done", "Blocked"] == [label["name"] for label in labels]
    assert "time_tracking" == attributes["Time spent"]["type"]


def test_a_new_attribute_has_all_that_it_was_given(board: Agent) -> None:
    wanted = {"name": "Agreed", "type": "checkbox", "default_data": True, "settings": {"a": 1}}
    made = board.result("infinity_create_attribute", **wanted)
    read = board.result("infinity_get_attribute", attribute_id=made["id"])
    assert wanted.items() <= read.items()


@pytest.mark.parametrize(
    ("type", "sent", "stored"),
    [
        ("number", 2.5, 2.5),
        ("number", None, None),
        ("text", "[draft]", "[draft]"),
        ("members", [4242], [4242]),
        ("members", "[4242]", [4242]),
        ("checkbox", False, False),
    ],
)
def test_default_data_may_be_any_json(board: Agent, type: str, sent: Any, stored: Any) -> None:
    made = board.result("infinity_create_attribute", name="New", type=type, default_data=sent)
    read = board.result("infinity_get_attribute", attribute_id=made["id"])
    assert stored == read["default_data"]


def test_null_clears_default_data(board: Agent) -> None:
    made = board.result("infinity_create_attribute", name="New", type="number", default_data=5)
    attribute = board.at(attribute_id=made["id"])
    attribute.result("infinity_update_attribute", default_data=None)
    assert attribute.result("infinity_get_attribute")["default_data"] is None


def test_labels_get_ids(stage: Agent) -> None:
    ids = label_ids(stage)
    assert ["Draft", "Final"] == list(ids)
    assert 2 == len({uuid.UUID(each) for each in ids.values()})
    assert "#B3EC8D" == settings_of(stage)["labels"][1]["color"]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_label_id_counts_as_none(board: Agent, empty: str | None) -> None:
    settings = {"labels": [{"id": empty, "name": "Draft"}]}
    made = board.result("infinity_create_attribute", name="New", type="label", settings=settings)
    assert uuid.UUID(made["settings"]["labels"][0]["id"])


def test_labels_keep_the_ids_that_they_have(stage: Agent) -> None:
    before = settings_of(stage)
    changed = {**before, "labels": [*before["labels"], {"name": "Sent"}]}
    stage.result("infinity_update_attribute", settings=changed)
    assert before["labels"] == settings_of(stage)["labels"][:2]
    assert "Sent" in label_ids(stage)


def test_labels_sent_by_name_alone_stay_the_same_labels(
    stage: Agent, board: Agent, folder_ids: Ids
) -> None:
    item = create_item(board, folder_ids, Stage=["Final"])
    before = label_ids(stage)
    stage.result("infinity_update_attribute", settings={"labels": ["Sent", "Final"]})
    after = label_ids(stage)
    assert {**before, "Sent": after["Sent"]} == after
    assert [after["Final"]] == board.values(item["id"])["Stage"]


def test_a_new_label_can_be_used_at_once(stage: Agent, board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Stage="Draft")  # by now the labels are remembered
    stage.result("infinity_update_attribute", settings={"labels": ["Draft", "Sent"]})
    item = create_item(board, folder_ids, Stage="Sent")
    assert [label_ids(stage)["Sent"]] == board.values(item["id"])["Stage"]


def test_a_new_attribute_can_be_used_at_once(board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Name="One")
    board.result("infinity_create_attribute", name="Stage", type="text")
    item = create_item(board, folder_ids, Stage="Draft")
    assert "Draft" == board.values(item["id"])["Stage"]


def test_an_old_name_is_forgotten_at_once(stage: Agent, board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Stage="Draft")
    stage.result("infinity_update_attribute", name="Phase")
    place = {"folder_id": folder_ids["Backlog"]}
    told = board.refused("infinity_create_item", **place, values_by_name={"Stage": "Draft"})
    assert "there is no attribute 'Stage'" in told
    stage.result("infinity_delete_attribute")
    told = board.refused("infinity_create_item", **place, values_by_name={"Phase": "Draft"})
    assert "there is no attribute 'Phase'" in told


def test_settings_spelled_as_json_text_are_understood(board: Agent) -> None:
    made = board.result(
        "infinity_create_attribute", name="New", type="label", settings='{"labels": ["Draft"]}'
    )
    assert "Draft" == made["settings"]["labels"][0]["name"]


def test_an_update_changes_what_it_names_and_nothing_else(stage: Agent) -> None:
    before = stage.result("infinity_get_attribute")
    stage.result("infinity_update_attribute", name="Phase", type=None, settings=None)
    assert {**before, "name": "Phase"} == stage.result("infinity_get_attribute")


def test_a_wrong_update_is_refused_before_anything_is_sent(stage: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"type": "reference"}, "type: must be 'text', 'longtext'"),
        ({"type": "formula"}, "type: must be 'text', 'longtext'"),
        ({"name": " "}, "name: is empty"),
        ({"settings": ["Draft"]}, "settings: takes a JSON object"),
    ]
    for changes, told in cases:
        assert told in stage.refused("infinity_update_attribute", **changes)


def test_a_wrong_attribute_is_refused_before_anything_is_sent(board: Agent) -> None:
    cases: Cases = [
        ({"name": "New"}, "type is required"),
        ({"name": "", "type": "text"}, "name: is empty"),
        ({"name": "New", "type": "time_tracking"}, "type: must be 'text', 'longtext'"),
    ]
    for arguments, told in cases:
        assert told in board.refused("infinity_create_attribute", **arguments)


def test_a_label_that_infinity_does_not_take_is_told(board: Agent) -> None:
    settings = {"labels": [{"name": "Draft", "color": "green"}]}
    told = board.error("infinity_create_attribute", name="New", type="label", settings=settings)
    assert "Infinity says: settings.labels.0.color: " in told


def test_a_deleted_attribute_is_gone_from_board_and_folders(
    board: Agent, attribute_ids: Ids, folder_ids: Ids
) -> None:
    votes = attribute_ids["Votes"]
    assert board.result("infinity_delete_attribute", attribute_id=votes)["deleted"] is True
    listed = [attribute["id"] for attribute in board.records("infinity_list_attributes")]
    ideas = board.result("infinity_get_folder", folder_id=folder_ids["Ideas"])
    assert votes not in [*listed, *ideas["attribute_ids"]]
