from __future__ import annotations

import re
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import CURRENT, Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched


def folders(board: BoardPaths) -> str:
    return f"{board.path}/folders"


def folder(board: BoardPaths, name: str) -> str:
    return f"{folders(board)}/{board.folder_ids[name]}"


def test_folder_has_the_documented_fields(roadmap: BoardPaths) -> None:
    expected: dict[str, Any] = {
        "id": roadmap.folder_ids["Ideas"],
        "object": "folder",
        "name": "Ideas",
        "sort_order": "327680",
        "color": "#9FE1E7",
        "settings": {},
        "attribute_ids": [
            roadmap.attribute_id(name)
            for name in ("Name", "Priority", "Notes", "Votes", "Created at")
        ],
        "parent_id": None,
        "deleted": False,
    }
    assert expected == roadmap.api.get(folder(roadmap, "Ideas")).json()


def test_sub_folders_are_in_the_same_list(roadmap: BoardPaths) -> None:
    parents = {row["name"]: row["parent_id"] for row in roadmap.api.rows(folders(roadmap))}
    assert parents["Sprint 14"] == roadmap.folder_ids["Releases"]
    assert parents["Hotfixes"] == roadmap.folder_ids["Sprint 14"]


def test_created_folder_keeps_what_was_sent(roadmap: BoardPaths) -> None:
    body = {
        "name": "Later",
        "color": "#123ABC",
        "parent_id": roadmap.folder_ids["Backlog"],
        "attribute_ids": [roadmap.attribute_id("Due"), roadmap.attribute_id("Name")],
        "sort_order": "98304.5",
        "settings": {"attributes": [{"id": "x", "visible": False}]},
    }
    answer = roadmap.api.post(folders(roadmap), body)
    created = answer.json()
    assert 201 == answer.status_code
    assert body == {key: created[key] for key in body}
    assert re.fullmatch("[1-9A-HJ-NP-Za-km-z]{11}", created["id"])


def test_new_folder_comes_last_and_shows_nothing(roadmap: BoardPaths) -> None:
    created = roadmap.api.post(folders(roadmap), {"name": "Later"}).json()
    assert ("393216", [], None) == (
        created["sort_order"],
        created["attribute_ids"],
        created["parent_id"],
    )


def test_update_changes_only_what_is_sent(roadmap: BoardPaths) -> None:
    path = folder(roadmap, "Ideas")
    before = roadmap.api.get(path).json()
    answer = roadmap.api.put(path, {"color": None})
    assert (200, before | {"color": None}) == (answer.status_code, answer.json())


def test_update_replaces_the_whole_list_of_attributes(roadmap: BoardPaths) -> None:
    only = [roadmap.attribute_id("Due")]
    roadmap.api.put(folder(roadmap, "Ideas"), {"attribute_ids": only})
    assert only == roadmap.api.get(folder(roadmap, "Ideas")).json()["attribute_ids"]


def test_whole_folder_can_be_sent_back(roadmap: BoardPaths) -> None:
    path = folder(roadmap, "Ideas")
    before = roadmap.api.get(path).json()
    assert (200, before) == ((answer := roadmap.api.put(path, before)).status_code, answer.json())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x", "color": "blue"}, "color"),
        ({"name": "x", "parent_id": "zzzzzzzzzzz"}, "parent_id"),
        ({"name": "x", "parent_id": 5}, "parent_id"),
        ({"name": "x", "attribute_ids": "all"}, "attribute_ids"),
        ({"name": "x", "attribute_ids": {"0": "x"}}, "attribute_ids"),
        ({"name": "x", "attribute_ids": ["nope"]}, "attribute_ids.0"),
        ({"name": "x", "sort_order": "first"}, "sort_order"),
        ({"name": "x", "sort_order": True}, "sort_order"),
        ({"name": "x", "sort_order": "9" * 400}, "sort_order"),
        ({"name": "x", "settings": "x"}, "settings"),
        ({"name": "x", "settings": ["x"]}, "settings"),
    ],
)
def test_bad_folder_is_refused(roadmap: BoardPaths, body: dict[str, Any], field: str) -> None:
    answer = roadmap.api.post(folders(roadmap), body)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))
    assert 5 == len(roadmap.api.rows(folders(roadmap)))


@pytest.mark.parametrize("body", [{"name": ""}, {"sort_order": None}, {"settings": None}])
def test_bad_update_changes_nothing(roadmap: BoardPaths, body: dict[str, Any]) -> None:
    path = folder(roadmap, "Ideas")
    before = roadmap.api.get(path).json()
    assert 422 == roadmap.api.put(path, {"color": None} | body).status_code
    assert before == roadmap.api.get(path).json()


def test_parent_and_attributes_must_be_on_the_board(ada: Api, roadmap: BoardPaths) -> None:
    office = ada.board("Office & people")
    body = {
        "name": "x",
        "parent_id": office.folder_ids["Events"],
        "attribute_ids": [office.attribute_id("Cost")],
    }
    answer = ada.post(folders(roadmap), body)
    assert {"parent_id", "attribute_ids.0"} == set(answer.json()["errors"])


@pytest.mark.parametrize("name", ["Releases", "Sprint 14", "Hotfixes"])
def test_folder_cannot_be_put_into_itself(roadmap: BoardPaths, name: str) -> None:
    body = {"parent_id": roadmap.folder_ids[name]}
    answer = roadmap.api.put(folder(roadmap, "Releases"), body)
    assert (422, ["parent_id"]) == (answer.status_code, list(answer.json()["errors"]))


def test_archived_folder_takes_its_content_along(roadmap: BoardPaths) -> None:
    answer = roadmap.api.delete(folder(roadmap, "Releases"))
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert ["Backlog", "Ideas"] == sorted(r["name"] for r in roadmap.api.rows(folders(roadmap)))
    left = {row["folder_id"] for row in roadmap.api.rows(roadmap.items_path)}
    assert {roadmap.folder_ids["Backlog"], roadmap.folder_ids["Ideas"]} == left
    assert 2 == len(roadmap.api.rows(f"{roadmap.path}/views"))


def test_archived_folder_can_be_read_but_not_used(roadmap: BoardPaths) -> None:
    path = folder(roadmap, "Ideas")
    roadmap.api.delete(path)
    assert True is roadmap.api.get(path).json()["deleted"]
    assert [404, 404] == [
        roadmap.api.put(path, {"name": "x"}).status_code,
        roadmap.api.delete(path).status_code,
    ]
    body = {"folder_id": roadmap.folder_ids["Ideas"], "values": []}
    assert 422 == roadmap.api.post(roadmap.items_path, body).status_code


def test_archived_folder_can_be_unreadable(switched: Switched) -> None:
    board = switched(archived_readable=False).board()
    board.api.delete(folder(board, "Ideas"))
    assert 404 == board.api.get(folder(board, "Ideas")).status_code


def test_old_version_really_deletes(ada: Api, roadmap: BoardPaths) -> None:
    path = folder(roadmap, "Ideas")
    Api(ada.app, version=None).delete(path)
    assert 404 == Api(ada.app, version=CURRENT).get(path).status_code


def test_empty_settings_can_be_a_list(switched: Switched) -> None:
    board = switched(empty_settings_as_list=True).board()
    path = folder(board, "Ideas")
    settings = board.api.get(path).json()["settings"]
    assert ([], 200) == (settings, board.api.put(path, {"settings": settings}).status_code)


def test_delete_can_answer_with_nothing(switched: Switched) -> None:
    board = switched(delete_status=204).board()
    answer = board.api.delete(folder(board, "Ideas"))
    assert (204, b"") == (answer.status_code, answer.content)


def test_create_can_answer_200(switched: Switched) -> None:
    board = switched(create_status=200).board()
    assert 200 == board.api.post(folders(board), {"name": "x"}).status_code
