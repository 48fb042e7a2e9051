from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import BoardPaths


def views(board: BoardPaths) -> str:
    return f"{board.path}/views"


def by_name(board: BoardPaths, name: str) -> dict[str, Any]:
    return next(row for row in board.api.rows(views(board)) if row["name"] == name)


def test_view_has_the_documented_fields(roadmap: BoardPaths) -> None:
    view = by_name(roadmap, "By status")
    expected = {
        "object": "folderview",
        "folder_id": roadmap.folder_ids["Sprint 14"],
        "name": "By status",
        "type": "column",
        "sort_order": "131072",
        "settings": {},
        "created_by": 4242,
        "deleted": False,
    }
    assert expected == {key: view[key] for key in expected}
    assert expected.keys() | {"id", "created_at"} == view.keys()
    assert view == roadmap.api.get(f"{views(roadmap)}/{view['id']}").json()


def test_views_are_filtered_by_folder(roadmap: BoardPaths) -> None:
    rows = roadmap.api.get(views(roadmap), folder_id=roadmap.folder_ids["Sprint 14"]).json()["data"]
    assert {"All", "By status", "Deadlines"} == {row["name"] for row in rows}


def test_unknown_folder_filter_is_refused(roadmap: BoardPaths) -> None:
    assert 422 == roadmap.api.get(views(roadmap), folder_id="zzzzzzzzzzz").status_code


def test_created_view_keeps_what_was_sent(roadmap: BoardPaths) -> None:
    body = {
        "folder_id": roadmap.folder_ids["Ideas"],
        "name": "Timeline",
        "type": "gantt",
        "sort_order": "32768",
        "settings": {"zoom": "week"},
    }
    answer = roadmap.api.post(views(roadmap), body)
    created = answer.json()
    assert 201 == answer.status_code
    assert body == {key: created[key] for key in body}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"folder_id": None}, "folder_id"),
        ({"folder_id": "zzzzzzzzzzz"}, "folder_id"),
        ({"name": ""}, "name"),
        ({"type": "Table"}, "type"),
        ({"type": "timeline"}, "type"),
        ({"type": None}, "type"),
        ({"settings": 1}, "settings"),
        ({"sort_order": "x"}, "sort_order"),
    ],
)
def test_bad_view_is_refused(roadmap: BoardPaths, change: dict[str, Any], field: str) -> None:
    good = {"folder_id": roadmap.folder_ids["Ideas"], "name": "x", "type": "list"}
    answer = roadmap.api.post(views(roadmap), good | change)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))
    existing = by_name(roadmap, "By status")
    assert 422 == roadmap.api.put(f"{views(roadmap)}/{existing['id']}", change).status_code


def test_folder_name_and_type_are_required(roadmap: BoardPaths) -> None:
    errors = roadmap.api.post(views(roadmap), {}).json()["errors"]
    assert ["folder_id", "name", "type"] == list(errors)


def test_whole_view_can_be_sent_back(roadmap: BoardPaths) -> None:
    view = by_name(roadmap, "By status")
    changed = view | {"settings": {"columns": ["a"]}}
    answer = roadmap.api.put(f"{views(roadmap)}/{view['id']}", changed)
    assert (200, changed) == (answer.status_code, answer.json())


def test_deleted_view_is_gone(roadmap: BoardPaths) -> None:
    path = f"{views(roadmap)}/{by_name(roadmap, 'By status')['id']}"
    answer = roadmap.api.delete(path)
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert [404, 404] == [
        roadmap.api.get(path).status_code,
        roadmap.api.delete(path).status_code,
    ]
