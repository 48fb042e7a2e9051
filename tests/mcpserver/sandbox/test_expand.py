from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched

NAME = "Export a board as CSV"
ITEM_EXPAND = ("values", "values.attribute", "folder", "created_by")


def test_item_has_values_only_when_asked(roadmap: BoardPaths) -> None:
    item = roadmap.item(NAME)
    assert "values" not in roadmap.api.get(item).json()
    assert "values" in roadmap.api.expanded(item, "values")
    assert not any("values" in row for row in roadmap.api.rows(roadmap.items_path))


def test_plain_item_has_the_documented_fields(roadmap: BoardPaths) -> None:
    expected = {
        "id": roadmap.item_ids[NAME],
        "object": "item",
        "folder_id": roadmap.folder_ids["Sprint 14"],
        "parent_id": None,
        "created_at": "2026-01-12T18:19:00.000000Z",
        "created_by": 4243,
        "sort_order": "65536",
        "deleted": False,
    }
    assert expected == roadmap.api.get(roadmap.item(NAME)).json()


def test_value_has_no_id_of_its_own(roadmap: BoardPaths) -> None:
    values = roadmap.api.expanded(roadmap.item("Dark mode"), "values")["values"]
    found = next(v for v in values if v["attribute_id"] == roadmap.attribute_id("Name"))
    expected = {
        "object": "value",
        "attribute_id": roadmap.attribute_id("Name"),
        "data": "Dark mode",
        "deleted": False,
    }
    assert expected == found


@pytest.mark.parametrize("key", ["expand[]", "expand[0]"])
def test_both_forms_of_expand_work(roadmap: BoardPaths, key: str) -> None:
    item = roadmap.api.get(roadmap.item(NAME), **{key: "values"}).json()
    assert item["values"]


def test_indexed_expand_takes_several(roadmap: BoardPaths) -> None:
    query = {"expand[0]": "folder", "expand[1]": "created_by"}
    item = roadmap.api.get(roadmap.item(NAME), **query).json()
    assert ("Sprint 14", "Bob Example") == (item["folder"]["name"], item["created_by"]["name"])


def test_all_expansions_together(roadmap: BoardPaths) -> None:
    path = roadmap.items_path
    rows = roadmap.api.expanded(path, *ITEM_EXPAND)["data"]
    keys: set[str] = set.intersection(*(set(row) for row in rows))
    assert {"values", "folder", "created_by"} <= keys


def test_values_attribute_implies_values(roadmap: BoardPaths) -> None:
    item = roadmap.api.expanded(roadmap.item("Dark mode"), "values.attribute")
    names = {value["attribute"]["name"] for value in item["values"]}
    assert {"Name", "Status", "Due"} <= names
    assert all(value["attribute_id"] == value["attribute"]["id"] for value in item["values"])


def test_expanded_author_is_a_user(roadmap: BoardPaths) -> None:
    author = roadmap.api.expanded(roadmap.item(NAME), "created_by")["created_by"]
    assert ("user", 4243) == (author["object"], author["id"])


def test_expanded_folder_keeps_its_id(roadmap: BoardPaths) -> None:
    item = roadmap.api.expanded(roadmap.item(NAME), "folder")
    assert item["folder_id"] == item["folder"]["id"]


def test_comment_expands_item_values_and_author(roadmap: BoardPaths) -> None:
    path = f"{roadmap.item(NAME)}/comments"
    plain = roadmap.api.get(path).json()["data"][0]
    assert "item" not in plain
    assert "values" not in roadmap.api.expanded(path, "item")["data"][0]["item"]
    comment = roadmap.api.expanded(f"{path}/{plain['id']}", "item.values", "created_by")
    assert roadmap.item_ids[NAME] == comment["item"]["id"]
    assert comment["item"]["values"]
    assert "user" == comment["created_by"]["object"]


@pytest.mark.parametrize(
    ("resource", "relation"),
    [
        ("items", "parent"),
        ("items", "item"),
        ("items", ""),
        ("folders", "values"),
        ("attributes", "created_by"),
        ("views", "folder"),
        ("hooks", "user"),
    ],
)
def test_unknown_expand_is_refused(roadmap: BoardPaths, resource: str, relation: str) -> None:
    query = {"expand[]": relation}
    answer = roadmap.api.get(f"{roadmap.path}/{resource}", **query)
    expected = {"expand.0": ["The selected expand.0 is invalid."]}
    assert (422, expected) == (answer.status_code, answer.json()["errors"])


def test_expand_that_is_not_a_list_is_refused(roadmap: BoardPaths) -> None:
    answer = roadmap.api.get(roadmap.items_path, expand="values")
    assert (422, ["expand"]) == (answer.status_code, list(answer.json()["errors"]))


def test_unknown_expand_on_one_resource_is_refused(ada: Api, roadmap: BoardPaths) -> None:
    query = {"expand[]": "values"}
    assert [422, 422] == [ada.get(path, **query).status_code for path in ("/profile", roadmap.path)]


def first_value(api: Api, *relations: str) -> dict[str, Any]:
    item = api.expanded(api.board().item("Dark mode"), *relations)
    value: dict[str, Any] = item["values"][0]
    return value


def test_unknown_expand_can_be_ignored(switched: Switched) -> None:
    assert "Dark mode" == first_value(switched(unknown_expand="ignore"), "x", "values")["data"]


def test_values_can_have_ids(switched: Switched) -> None:
    api = switched(value_ids=True)
    value = first_value(api, "values")
    assert api.board().item_ids["Dark mode"] == value["item_id"]
    assert value["id"]


def test_expanded_attribute_can_replace_its_id(switched: Switched) -> None:
    value = first_value(switched(expanded_attribute_id=False), "values.attribute")
    assert "attribute_id" not in value
    assert "Name" == value["attribute"]["name"]


def test_expanded_folder_can_replace_its_id(switched: Switched) -> None:
    api = switched(expanded_folder_id=False)
    item = api.expanded(api.board().item("Dark mode"), "folder")
    assert ("Sprint 14", False) == (item["folder"]["name"], "folder_id" in item)
