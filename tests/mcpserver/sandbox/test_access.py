"""Who may see what: other workspaces, other boards, restricted members."""

from __future__ import annotations

import pytest

from mcpserver.sandbox import create_app
from tests.mcpserver.sandbox.api import CAROLS_WORKSPACE, MAIN_WORKSPACE, NOWHERE, Api, BoardPaths

UNAUTHORIZED = {"message": "This action is unauthorized."}


def test_each_person_lists_only_their_workspaces(ada: Api, carol: Api) -> None:
    names = [[row["name"] for row in api.rows("/workspaces")] for api in (ada, carol)]
    assert [["Sandbox Demo Co"], ["Carol's Sandbox"]] == names


@pytest.mark.parametrize("rest", ["members", "boards", "boards/{board}", "boards/{board}/items"])
def test_foreign_workspace_is_forbidden(ada: Api, carol: Api, rest: str) -> None:
    board = ada.rows(f"/workspaces/{MAIN_WORKSPACE}/boards")[0]["id"]
    answer = carol.get(f"/workspaces/{MAIN_WORKSPACE}/{rest.format(board=board)}")
    assert (403, UNAUTHORIZED) == (answer.status_code, answer.json())


@pytest.mark.parametrize("key", ["1", "0", "abc", "31337x", "-1", "9" * 5000])
def test_unknown_workspace_is_not_found(ada: Api, key: str) -> None:
    answer = ada.get(f"/workspaces/{key}/boards")
    expected = {"message": "No query results for model [Workspace]."}
    assert (404, expected) == (answer.status_code, answer.json())


def test_board_of_another_workspace_is_not_found(ada: Api, carol: Api) -> None:
    foreign = carol.rows(f"/workspaces/{CAROLS_WORKSPACE}/boards")[0]["id"]
    answer = ada.get(f"/workspaces/{MAIN_WORKSPACE}/boards/{foreign}/items")
    assert (404, "No query results for model [Board].") == (
        answer.status_code,
        answer.json()["message"],
    )


def test_restricted_member_lists_only_their_boards(ada: Api, rita: Api) -> None:
    boards = [[row["name"] for row in api.rows("/workspaces/31337/boards")] for api in (ada, rita)]
    assert [["Product roadmap", "Office & people"], ["Product roadmap"]] == boards


@pytest.mark.parametrize("rest", ["", "/folders", "/attributes", "/items", "/views", "/hooks"])
def test_board_without_access_is_forbidden(ada: Api, rita: Api, rest: str) -> None:
    office = ada.board("Office & people")
    answer = rita.get(f"{office.path}{rest}")
    assert (403, UNAUTHORIZED) == (answer.status_code, answer.json())


def test_restricted_member_works_on_their_board(rita: Api) -> None:
    created = rita.board().new_item(values=[])
    assert 4301 == created["created_by"]


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        ("folders", "Folder"),
        ("attributes", "Attribute"),
        ("items", "Item"),
        ("views", "View"),
    ],
)
def test_thing_of_another_board_is_not_found(ada: Api, resource: str, model: str) -> None:
    office, roadmap = ada.board("Office & people"), ada.board()
    foreign = ada.rows(f"{office.path}/{resource}")[0]["id"]
    for method in ("GET", "PUT", "DELETE"):
        answer = ada.request(method, f"{roadmap.path}/{resource}/{foreign}")
        expected = {"message": f"No query results for model [{model}]."}
        assert (404, expected) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "folders/zzzzzzzzzzz"),
        ("GET", f"attributes/{NOWHERE}"),
        ("GET", f"items/{NOWHERE}"),
        ("GET", f"items/{NOWHERE}/comments"),
        ("POST", f"items/{NOWHERE}/comments"),
        ("GET", f"views/{NOWHERE}"),
        ("DELETE", f"references/{NOWHERE}"),
        ("PUT", f"hooks/{NOWHERE}"),
        ("DELETE", f"hooks/{NOWHERE}"),
        ("PUT", f"time-tracking/{NOWHERE}"),
        ("DELETE", f"time-tracking/{NOWHERE}"),
    ],
)
def test_unknown_id_is_not_found(roadmap: BoardPaths, method: str, path: str) -> None:
    answer = roadmap.api.request(method, f"{roadmap.path}/{path}")
    assert 404 == answer.status_code
    assert answer.json()["message"].startswith("No query results for model [")


def test_access_is_judged_before_the_body(ada: Api, carol: Api) -> None:
    roadmap = ada.board()
    assert 403 == carol.post(roadmap.items_path, {"nonsense": True}).status_code


def test_apps_share_nothing(ada: Api) -> None:
    ada.board().new_item(id="ignored")
    other = Api(create_app()).board()
    assert 26 == len(ada.rows(other.items_path))
    assert 25 == len(other.api.rows(other.items_path))
