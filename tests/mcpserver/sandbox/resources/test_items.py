from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import NOWHERE, Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched


def test_created_item_has_its_id_at_the_top(roadmap: BoardPaths) -> None:
    body = {"folder_id": roadmap.folder_ids["Backlog"], "values": [roadmap.value("Name", "New")]}
    answer = roadmap.api.post(roadmap.items_path, body)
    item = answer.json()
    assert (201, 7) == (answer.status_code, uuid.UUID(item["id"]).version)
    assert item == roadmap.api.get(f"{roadmap.items_path}/{item['id']}").json()
    assert "New" == roadmap.data(f"{roadmap.items_path}/{item['id']}")["Name"]


def test_new_items_come_last_by_id_and_position(roadmap: BoardPaths) -> None:
    fresh = [roadmap.new_item() for _ in range(3)]
    rows = roadmap.api.rows(roadmap.items_path)
    assert fresh == rows[-3:]
    positions = [float(row["sort_order"]) for row in fresh]
    assert [65536.0, 65536.0] == [b - a for a, b in itertools.pairwise(positions)]


def test_created_sub_item_names_its_parent(roadmap: BoardPaths) -> None:
    parent = roadmap.item_ids["Single sign-on"]
    assert parent == roadmap.new_item(parent_id=parent)["parent_id"]


def test_values_are_in_answers_when_switched_on(switched: Switched) -> None:
    board = switched(values_in_answers=True).board()
    item = board.new_item(values=[board.value("Name", "New")])
    assert "New" in [value["data"] for value in item["values"]]
    assert "values" in board.api.put(board.item("Dark mode"), {"values": []}).json()


def test_values_are_not_in_answers(roadmap: BoardPaths) -> None:
    assert "values" not in roadmap.new_item()
    assert "values" not in roadmap.api.put(roadmap.item("Dark mode"), {"values": []}).json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"folder_id": None}, "folder_id"),
        ({"folder_id": "zzzzzzzzzzz"}, "folder_id"),
        ({"folder_id": 5}, "folder_id"),
        ({"parent_id": NOWHERE}, "parent_id"),
        ({"sort_order": "x"}, "sort_order"),
        ({"values": None}, "values"),
        ({"values": "x"}, "values"),
    ],
)
def test_bad_item_is_refused(roadmap: BoardPaths, body: dict[str, Any], field: str) -> None:
    good: dict[str, Any] = {"folder_id": roadmap.folder_ids["Backlog"], "values": []}
    answer = roadmap.api.post(roadmap.items_path, good | body)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))
    assert 25 == len(roadmap.api.rows(roadmap.items_path))


def test_folder_and_values_are_required(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(roadmap.items_path, {})
    assert (422, ["folder_id", "values"]) == (answer.status_code, list(answer.json()["errors"]))


def test_values_can_be_optional(switched: Switched) -> None:
    board = switched(values_required=False).board()
    body = {"folder_id": board.folder_ids["Backlog"]}
    assert 201 == board.api.post(board.items_path, body).status_code


def test_folder_and_parent_of_another_board_are_refused(ada: Api, roadmap: BoardPaths) -> None:
    office = ada.board("Office & people")
    body = {
        "folder_id": office.folder_ids["Events"],
        "parent_id": office.item_ids["Team days"],
        "values": [],
    }
    answer = ada.post(roadmap.items_path, body)
    assert (422, ["folder_id", "parent_id"]) == (answer.status_code, list(answer.json()["errors"]))
    answer = ada.put(roadmap.item("Dark mode"), body)
    assert (422, ["folder_id", "parent_id"]) == (answer.status_code, list(answer.json()["errors"]))


def test_update_touches_only_the_values_sent(roadmap: BoardPaths) -> None:
    path = roadmap.item("Dark mode")
    before = roadmap.data(path)
    body = {"values": [roadmap.value("Estimate", 9), roadmap.value("Phone", "112")]}
    assert 200 == roadmap.api.put(path, body).status_code
    after = roadmap.data(path)
    assert {"Estimate": 9, "Phone": "112"} == {
        name: data
        for name, data in after.items()
        if before.get(name) != data and name != "Updated at"
    }
    assert after["Updated at"] > before["Updated at"]


def test_update_replaces_arrays_whole(roadmap: BoardPaths) -> None:
    path = roadmap.item("Export a board as CSV")
    body = {"values": [roadmap.value("Checklist", [{"name": "Only", "done": False}])]}
    roadmap.api.put(path, body)
    assert ["Only"] == [entry["name"] for entry in roadmap.data(path)["Checklist"]]


def test_item_moves_to_another_folder(roadmap: BoardPaths) -> None:
    ideas = roadmap.folder_ids["Ideas"]
    answer = roadmap.api.put(roadmap.item("Dark mode"), {"folder_id": ideas})
    assert (200, ideas) == (answer.status_code, answer.json()["folder_id"])
    rows = roadmap.api.get(roadmap.items_path, folder_id=ideas).json()["data"]
    assert roadmap.item_ids["Dark mode"] in [row["id"] for row in rows]


def test_item_becomes_a_sub_item_and_back(roadmap: BoardPaths) -> None:
    parent = roadmap.item_ids["Faster search"]
    for parent_id in (parent, None):
        answer = roadmap.api.put(roadmap.item("Dark mode"), {"parent_id": parent_id})
        assert parent_id == answer.json()["parent_id"]


@pytest.mark.parametrize("name", ["Export a board as CSV", "Large boards"])
def test_item_cannot_be_below_itself(roadmap: BoardPaths, name: str) -> None:
    body = {"parent_id": roadmap.item_ids[name]}
    answer = roadmap.api.put(roadmap.item("Export a board as CSV"), body)
    assert (422, ["parent_id"]) == (answer.status_code, list(answer.json()["errors"]))


def test_position_is_kept_as_a_string(roadmap: BoardPaths) -> None:
    answers = [
        roadmap.api.put(roadmap.item("Dark mode"), {"sort_order": position}).json()["sort_order"]
        for position in ("98304.5", 98304)
    ]
    assert ["98304.5", "98304"] == answers


def test_whole_item_can_be_sent_back(roadmap: BoardPaths) -> None:
    item = roadmap.api.get(roadmap.item("Dark mode")).json()
    answer = roadmap.api.put(roadmap.item("Dark mode"), item)
    assert (200, item) == (answer.status_code, answer.json())


def test_deleted_item_is_archived(roadmap: BoardPaths) -> None:
    path = roadmap.item("Dark mode")
    answer = roadmap.api.delete(path)
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert answer.json() == roadmap.api.get(path).json()
    assert roadmap.item_ids["Dark mode"] not in [
        row["id"] for row in roadmap.api.rows(roadmap.items_path)
    ]


def test_archived_item_cannot_be_changed(roadmap: BoardPaths) -> None:
    path = roadmap.item("Dark mode")
    roadmap.api.delete(path)
    statuses = [
        roadmap.api.put(path, {"values": []}),
        roadmap.api.delete(path),
        roadmap.api.post(f"{path}/comments", {"text": "<p>x</p>"}),
    ]
    assert [404, 404, 404] == [answer.status_code for answer in statuses]


def test_archived_item_cannot_be_a_parent(roadmap: BoardPaths) -> None:
    roadmap.api.delete(roadmap.item("Dark mode"))
    body = {"parent_id": roadmap.item_ids["Dark mode"]}
    assert 422 == roadmap.api.put(roadmap.item("Faster search"), body).status_code


def test_archived_item_can_be_unreadable(switched: Switched) -> None:
    board = switched(archived_readable=False).board()
    board.api.delete(board.item("Dark mode"))
    assert 404 == board.api.get(board.item("Dark mode")).status_code


def test_sub_items_go_with_their_parent(roadmap: BoardPaths) -> None:
    sub_items = [roadmap.item(name) for name in ("Column picker", "Large boards")]
    roadmap.api.delete(roadmap.item("Export a board as CSV"))
    assert [True, True] == [roadmap.api.get(path).json()["deleted"] for path in sub_items]


@pytest.mark.parametrize("version", [None, "2025-02-26.morava"])
def test_old_version_really_deletes(ada: Api, roadmap: BoardPaths, version: str | None) -> None:
    path = roadmap.item("Dark mode")
    assert True is Api(ada.app, version=version).delete(path).json()["deleted"]
    assert 404 == ada.get(path).status_code


def test_folder_filter_leaves_sub_folders_out(roadmap: BoardPaths) -> None:
    sprint = roadmap.folder_ids["Sprint 14"]
    rows = roadmap.api.get(roadmap.items_path, folder_id=sprint).json()["data"]
    assert (6, {sprint}) == (len(rows), {row["folder_id"] for row in rows})


def test_folder_filter_can_include_sub_folders(switched: Switched) -> None:
    board = switched(parent_folder_includes_subfolders=True).board()
    rows = board.api.get(board.items_path, folder_id=board.folder_ids["Releases"]).json()["data"]
    assert 9 == len(rows)


@pytest.mark.parametrize("folder_id", ["zzzzzzzzzzz", ""])
def test_unknown_folder_filter_is_refused(roadmap: BoardPaths, folder_id: str) -> None:
    answer = roadmap.api.get(roadmap.items_path, folder_id=folder_id)
    assert (422, ["folder_id"]) == (answer.status_code, list(answer.json()["errors"]))


def test_unset_attributes_have_no_entry(roadmap: BoardPaths) -> None:
    data = roadmap.data(roadmap.item("Print view"))
    assert {"Name", "Priority"} == data.keys() - {
        "ID",
        "Created at",
        "Updated at",
        "Created by",
        "Source folder",
        "Time spent",
    }


def test_computed_values_come_from_the_item(roadmap: BoardPaths) -> None:
    item = roadmap.api.get(roadmap.item("Print view")).json()
    data = roadmap.data(roadmap.item("Print view"))
    assert (item["created_at"], item["created_by"], item["folder_id"], 18, []) == (
        data["Created at"],
        data["Created by"],
        data["Source folder"],
        data["ID"],
        data["Time spent"],
    )


def test_computed_values_need_an_attribute_in_the_folder(roadmap: BoardPaths) -> None:
    assert {"Name", "Priority", "Votes", "Created at"} == set(
        roadmap.data(roadmap.item("Offline mode"))
    )


def test_computed_values_can_be_left_out(switched: Switched) -> None:
    board = switched(computed_values=False).board()
    data = board.data(board.item("Print view"))
    assert {"Name", "Priority", "ID", "Time spent"} == set(data)


def test_numbers_go_on_counting(roadmap: BoardPaths) -> None:
    item = roadmap.new_item()
    assert 26 == roadmap.data(f"{roadmap.items_path}/{item['id']}")["ID"]


def test_reference_is_not_visible_in_values(roadmap: BoardPaths) -> None:
    assert "Related to" not in roadmap.data(roadmap.item("Faster search"))
