from __future__ import annotations

import re
import uuid

import pytest

from mcpserver.sandbox import CAROL_TOKEN, Options, create_app
from tests.mcpserver.sandbox.api import CAROLS_WORKSPACE, Api, BoardPaths

ALL_TYPES = {
    "text",
    "longtext",
    "checkbox",
    "label",
    "members",
    "date",
    "number",
    "progress",
    "rating",
    "email",
    "phone",
    "links",
    "checklist",
    "attachments",
    "vote",
    "created_at",
    "updated_at",
    "created_by",
    "source_folder",
    "reference",
    "custom_id",
    "time_tracking",
}
BOARDS = ["Product roadmap", "Office & people"]


def everything(api: Api) -> list[object]:
    boards = [api.board(name) for name in BOARDS]
    resources = ("folders", "attributes", "items", "views", "hooks")
    found: list[object] = [api.rows("/workspaces/31337/boards")]
    found += [api.rows(f"{board.path}/{resource}") for board in boards for resource in resources]
    return found


def test_two_starts_show_the_same(ada: Api) -> None:
    assert everything(ada) == everything(Api(create_app()))


@pytest.mark.parametrize("name", BOARDS)
def test_board_has_every_type_of_attribute(ada: Api, name: str) -> None:
    assert ALL_TYPES == {row["type"] for row in ada.board(name).attributes.values()}


@pytest.mark.parametrize("name", BOARDS)
def test_every_writable_type_has_a_value_somewhere(ada: Api, name: str) -> None:
    board = ada.board(name)
    used = {kind for item in board.item_ids for kind in types(board, item)}
    assert ALL_TYPES - {"reference"} == used


def types(board: BoardPaths, item: str) -> set[str]:
    return {board.attributes[attribute]["type"] for attribute in board.data(board.item(item))}


def test_seeded_data_passes_its_own_validation() -> None:
    """What the seed stores could also have been written through the API."""
    computed = {"created_at", "updated_at", "created_by", "source_folder", "custom_id"}
    ada = Api(create_app(Options(requests_per_minute=1000)))
    for board in map(ada.board, BOARDS):
        kinds = {row["id"]: row["type"] for row in board.attributes.values()}
        for name in board.item_ids:
            values = ada.expanded(board.item(name), "values")["values"]
            written = [
                value
                for value in values
                if kinds[value["attribute_id"]] not in computed | {"time_tracking"}
            ]
            answer = ada.put(board.item(name), {"values": written})
            assert 200 == answer.status_code, (name, answer.text)


def test_roadmap_has_the_promised_attributes(roadmap: BoardPaths) -> None:
    promised = {
        "Name": "text",
        "Status": "label",
        "Assignee": "members",
        "Due": "date",
        "Done": "checkbox",
        "Priority": "label",
        "Estimate": "number",
        "Notes": "longtext",
    }
    assert promised == {name: roadmap.attributes[name]["type"] for name in promised}


def test_items_have_sub_items_and_gaps(roadmap: BoardPaths) -> None:
    rows = roadmap.api.expanded(roadmap.items_path, "values")["data"]
    name = roadmap.attribute_id("Name")
    parents = [row["parent_id"] for row in rows if row["parent_id"]]
    unnamed = [
        row for row in rows if name not in [value["attribute_id"] for value in row["values"]]
    ]
    assert (25, 4, 1) == (len(rows), len(parents), len(unnamed))


def test_ids_have_infinitys_forms(roadmap: BoardPaths) -> None:
    base58 = "[1-9A-HJ-NP-Za-km-z]{11}"
    assert all(re.fullmatch(base58, key) for key in roadmap.folder_ids.values())
    assert {7} == {uuid.UUID(key).version for key in roadmap.item_ids.values()}
    assert {4} == {uuid.UUID(row["id"]).version for row in roadmap.attributes.values()}


def test_item_ids_follow_time(roadmap: BoardPaths) -> None:
    rows = roadmap.api.rows(roadmap.items_path)
    assert sorted(row["created_at"] for row in rows) == [row["created_at"] for row in rows]


def test_workspace_says_that_it_is_a_sandbox(ada: Api) -> None:
    assert ["Sandbox Demo Co"] == [row["name"] for row in ada.rows("/workspaces")]


def test_carol_has_one_board_of_her_own(ada: Api) -> None:
    carol = Api(ada.app, CAROL_TOKEN)
    board = carol.board("Reading list", CAROLS_WORKSPACE)
    assert 4 == len(board.item_ids)
    assert [5150] == [row["id"] for row in carol.rows(f"/workspaces/{CAROLS_WORKSPACE}/members")]
