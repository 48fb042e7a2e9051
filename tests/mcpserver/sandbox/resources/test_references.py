from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import NOWHERE, Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched


def references(board: BoardPaths) -> str:
    return f"{board.path}/references"


def link(board: BoardPaths) -> dict[str, str]:
    return {
        "attribute_id": board.attribute_id("Related to"),
        "from_item_id": board.item_ids["Dark mode"],
        "to_item_id": board.item_ids["Offline mode"],
    }


def test_created_reference_keeps_its_ids(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(references(roadmap), link(roadmap))
    created = answer.json()
    assert (201, "reference") == (answer.status_code, created["object"])
    assert link(roadmap) == {key: created[key] for key in link(roadmap)}


@pytest.mark.parametrize("field", ["attribute_id", "from_item_id", "to_item_id"])
@pytest.mark.parametrize("value", [None, "", NOWHERE, 5])
def test_bad_reference_is_refused(roadmap: BoardPaths, field: str, value: Any) -> None:
    answer = roadmap.api.post(references(roadmap), link(roadmap) | {field: value})
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))


def test_attribute_must_be_a_reference(roadmap: BoardPaths) -> None:
    body = link(roadmap) | {"attribute_id": roadmap.attribute_id("Name")}
    answer = roadmap.api.post(references(roadmap), body)
    assert ["attribute_id"] == list(answer.json()["errors"])


def test_target_must_be_on_the_board(ada: Api, roadmap: BoardPaths) -> None:
    office = ada.board("Office & people")
    body = link(roadmap) | {"to_item_id": office.item_ids["Team days"]}
    assert ["to_item_id"] == list(ada.post(references(roadmap), body).json()["errors"])


def test_deleted_reference_is_gone(roadmap: BoardPaths) -> None:
    created = roadmap.api.post(references(roadmap), link(roadmap)).json()
    path = f"{references(roadmap)}/{created['id']}"
    answer = roadmap.api.delete(path)
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert 404 == roadmap.api.delete(path).status_code


def test_delete_can_be_removed(switched: Switched) -> None:
    board = switched(reference_delete_removed=True, removed_status=410).board()
    created = board.api.post(references(board), link(board)).json()
    path = f"{references(board)}/{created['id']}"
    answer = board.api.delete(path)
    assert (410, "Removed in selected version") == (answer.status_code, answer.json()["message"])
    assert 200 == Api(board.api.app, version=None).delete(path).status_code


@pytest.mark.parametrize(
    ("mode", "status", "same"), [("duplicate", 201, False), ("existing", 201, True)]
)
def test_repeating_a_reference_is_a_switch(
    switched: Switched, mode: str, status: int, same: bool
) -> None:
    board = switched(reference_repeat=mode).board()
    first, second = (board.api.post(references(board), link(board)) for _ in range(2))
    assert (status, same) == (second.status_code, first.json()["id"] == second.json()["id"])


def test_repeating_a_reference_can_be_refused(switched: Switched) -> None:
    board = switched(reference_repeat="refuse").board()
    statuses = [board.api.post(references(board), link(board)).status_code for _ in range(2)]
    assert [201, 422] == statuses


def test_oldest_version_lists_and_filters(ada: Api, roadmap: BoardPaths) -> None:
    created = ada.post(references(roadmap), link(roadmap)).json()
    old = Api(ada.app, version=None)
    assert 2 == len(old.rows(references(roadmap)))
    for field in ("from_item_id", "to_item_id"):
        found = old.get(references(roadmap), **{field: created[field]}).json()["data"]
        assert [created] == found
    nothing = old.get(references(roadmap), attribute_id=NOWHERE).json()
    assert {"has_more": False, "before": None, "after": None, "data": []} == nothing
