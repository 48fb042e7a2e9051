from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decoded(cursor: str) -> str:
    return base64.b64decode(cursor).decode()


def walk(api: Api, path: str, **query: Any) -> list[list[str]]:
    """The ids of every page, following `after` until has_more is false."""
    pages = []
    while True:
        page = api.get(path, **query).json()
        pages.append([row["id"] for row in page["data"]])
        if not page["has_more"]:
            return pages
        query["after"] = page["after"]


def paths(roadmap: BoardPaths) -> list[str]:
    resources = ("folders", "attributes", "items", "views", "hooks")
    comments = f"{roadmap.item('Export a board as CSV')}/comments"
    workspace = "/workspaces/31337"
    return [
        "/workspaces",
        f"{workspace}/members",
        f"{workspace}/boards",
        comments,
        *(f"{roadmap.path}/{resource}" for resource in resources),
    ]


def test_every_list_has_the_four_keys(roadmap: BoardPaths) -> None:
    expected = ["has_more", "before", "after", "data"]
    assert [expected] * 9 == [list(roadmap.api.get(path).json()) for path in paths(roadmap)]


@pytest.mark.parametrize("sort_by", ["id", "created_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_cover_every_list_in_order(roadmap: BoardPaths, sort_by: str, direction: str) -> None:
    query = {"sort_by": sort_by, "sort_direction": direction}
    for path in paths(roadmap):
        whole = [row["id"] for row in roadmap.api.get(path, **query, limit=100).json()["data"]]
        pages = walk(roadmap.api, path, **query, limit=2)
        assert whole == [key for page in pages for key in page]
        assert all(len(page) == 2 for page in pages[:-1])


def test_default_is_50_by_id_ascending(roadmap: BoardPaths) -> None:
    for _ in range(30):
        roadmap.new_item()
    page = roadmap.api.get(roadmap.items_path).json()
    ids = [row["id"] for row in page["data"]]
    assert (50, True, sorted(ids)) == (len(ids), page["has_more"], ids)


def test_descending_is_the_reverse(roadmap: BoardPaths) -> None:
    up = roadmap.api.get(roadmap.items_path, sort_by="created_at").json()["data"]
    down = roadmap.api.get(roadmap.items_path, sort_by="created_at", sort_direction="desc").json()[
        "data"
    ]
    assert up == down[::-1]


def test_cursors_name_first_and_last_row(roadmap: BoardPaths) -> None:
    page = roadmap.api.get(roadmap.items_path, limit=3).json()
    first, last = page["data"][0]["id"], page["data"][-1]["id"]
    assert f"{first},{first}" == decoded(page["before"])
    assert f"{last},{last}" == decoded(page["after"])


def test_cursor_by_creation_holds_id_and_time(ada: Api) -> None:
    page = ada.get("/workspaces/31337/boards", sort_by="created_at", limit=1).json()
    assert f"{page['data'][0]['id']},2026-01-12 09:39:00" == decoded(page["after"])


def test_cursors_are_filled_on_the_last_page(ada: Api) -> None:
    page = ada.get("/workspaces").json()
    assert (False, "31337,31337") == (page["has_more"], decoded(page["after"]))
    assert page["before"] == page["after"]


def test_empty_page_has_no_cursors(roadmap: BoardPaths) -> None:
    comments = roadmap.api.get(f"{roadmap.item('Dark mode')}/comments").json()
    assert {"has_more": False, "before": None, "after": None, "data": []} == comments


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_before_walks_back(roadmap: BoardPaths, direction: str) -> None:
    query = {"limit": 4, "sort_direction": direction}
    first = roadmap.api.get(roadmap.items_path, **query).json()
    second = roadmap.api.get(roadmap.items_path, **query, after=first["after"]).json()
    third = roadmap.api.get(roadmap.items_path, **query, after=second["after"]).json()
    back = roadmap.api.get(roadmap.items_path, **query, before=third["before"]).json()
    start = roadmap.api.get(roadmap.items_path, **query, before=back["before"]).json()
    assert (second["data"], True) == (back["data"], back["has_more"])
    assert (first["data"], False) == (start["data"], start["has_more"])


def test_cursor_of_a_deleted_row_still_works(roadmap: BoardPaths) -> None:
    page = roadmap.api.get(roadmap.items_path, limit=2, sort_direction="desc").json()
    roadmap.api.delete(f"{roadmap.items_path}/{page['data'][-1]['id']}")
    after = roadmap.api.get(
        roadmap.items_path, limit=1, sort_direction="desc", after=page["after"]
    ).json()
    whole = roadmap.api.get(roadmap.items_path, sort_direction="desc").json()["data"]
    assert whole[1] == after["data"][0]


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize(
    ("cursor", "query"),
    [
        ("", {}),
        ("not base64!", {}),
        (encoded("no comma"), {}),
        (encoded("one,other"), {}),
        (encoded("x,2026-01-02 03:04:05"), {}),
        (encoded("x,x"), {"sort_by": "created_at"}),
        (encoded("x,2026-01-02"), {"sort_by": "created_at"}),
        (base64.b64encode(b"\xff,\xff").decode(), {}),
    ],
)
def test_bad_cursor_is_refused(
    roadmap: BoardPaths, name: str, cursor: str, query: dict[str, str]
) -> None:
    answer = roadmap.api.get(roadmap.items_path, **query, **{name: cursor})
    assert (400, {"message": "The cursor is invalid."}) == (answer.status_code, answer.json())


def test_cursor_of_numbers_must_be_a_number(ada: Api) -> None:
    assert 400 == ada.get("/workspaces", after=encoded("x,x")).status_code


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("limit", "0", "The limit field must be at least 1."),
        ("limit", "-5", "The limit field must be at least 1."),
        ("limit", "101", "The limit field must not be greater than 100."),
        ("limit", "ten", "The limit field must be an integer."),
        ("limit", "1.5", "The limit field must be an integer."),
        ("limit", "", "The limit field must be an integer."),
        ("sort_by", "name", "The selected sort by is invalid."),
        ("sort_by", "updated_at", "The selected sort by is invalid."),
        ("sort_direction", "down", "The selected sort direction is invalid."),
    ],
)
def test_bad_parameter_is_refused(
    roadmap: BoardPaths, field: str, value: str, message: str
) -> None:
    for path in paths(roadmap):
        answer = roadmap.api.get(path, **{field: value})
        assert (422, {field: [message]}) == (answer.status_code, answer.json()["errors"])


def test_both_cursors_at_once_are_refused(roadmap: BoardPaths) -> None:
    page = roadmap.api.get(roadmap.items_path).json()
    answer = roadmap.api.get(roadmap.items_path, before=page["before"], after=page["after"])
    assert (422, ["before"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize(("limit", "rows"), [("0", 1), ("500", 25)])
def test_limit_can_be_clamped(switched: Switched, limit: str, rows: int) -> None:
    api = switched(limit_out_of_range="clamp")
    assert rows == len(api.get(api.board().items_path, limit=limit).json()["data"])


def test_unknown_parameters_are_ignored(roadmap: BoardPaths) -> None:
    plain = roadmap.api.get(roadmap.items_path).json()
    assert plain == roadmap.api.get(roadmap.items_path, per_page=3, page=2, offset=1).json()


def test_lists_can_show_deleted_rows(switched: Switched) -> None:
    api = switched(lists_include_deleted=True)
    board = api.board()
    api.delete(board.item("Dark mode"))
    assert 1 == sum(row["deleted"] for row in api.rows(board.items_path))


def test_deleted_rows_are_left_out(roadmap: BoardPaths) -> None:
    gone = roadmap.api.delete(roadmap.item("Dark mode")).json()["id"]
    assert gone not in [row["id"] for row in roadmap.api.rows(roadmap.items_path)]
