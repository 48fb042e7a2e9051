from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import NOWHERE, Api, BoardPaths

NAME = "Export a board as CSV"


def comments(board: BoardPaths, item: str = NAME) -> str:
    return f"{board.item(item)}/comments"


def first(board: BoardPaths) -> dict[str, Any]:
    row: dict[str, Any] = board.api.get(comments(board), sort_by="created_at").json()["data"][0]
    return row


def test_comment_has_the_documented_fields(roadmap: BoardPaths) -> None:
    comment = first(roadmap)
    expected = {
        "object": "comment",
        "parent_id": None,
        "text": "<p>Excel wants a <strong>BOM</strong>.</p>",
        "created_by": 4243,
        "deleted": False,
    }
    assert expected == {key: comment[key] for key in expected}
    assert expected.keys() | {"id", "created_at"} == comment.keys()
    assert comment == roadmap.api.get(f"{comments(roadmap)}/{comment['id']}").json()


def test_reply_names_the_comment(roadmap: BoardPaths) -> None:
    parent = first(roadmap)["id"]
    body = {"text": "<p>Yes</p>", "parent_id": parent}
    answer = roadmap.api.post(comments(roadmap), body)
    assert (201, parent, 4242) == (
        answer.status_code,
        answer.json()["parent_id"],
        answer.json()["created_by"],
    )
    assert 3 == len(roadmap.api.rows(comments(roadmap)))


def test_comments_stay_with_their_item(roadmap: BoardPaths) -> None:
    path = f"{comments(roadmap, 'Dark mode')}/{first(roadmap)['id']}"
    assert [404, 404, 404] == [
        roadmap.api.get(path).status_code,
        roadmap.api.put(path, {"text": "x"}).status_code,
        roadmap.api.delete(path).status_code,
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x", "parent_id": NOWHERE}, "parent_id"),
        ({"text": "x", "parent_id": 5}, "parent_id"),
    ],
)
def test_bad_comment_is_refused(roadmap: BoardPaths, body: dict[str, Any], field: str) -> None:
    answer = roadmap.api.post(comments(roadmap), body)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))


def test_reply_to_a_comment_of_another_item_is_refused(roadmap: BoardPaths) -> None:
    body = {"text": "x", "parent_id": first(roadmap)["id"]}
    answer = roadmap.api.post(comments(roadmap, "Dark mode"), body)
    assert (422, ["parent_id"]) == (answer.status_code, list(answer.json()["errors"]))


def test_update_changes_only_the_text(roadmap: BoardPaths) -> None:
    before = first(roadmap)
    path = f"{comments(roadmap)}/{before['id']}"
    answer = roadmap.api.put(path, {"text": "<p>New</p>"})
    assert (200, before | {"text": "<p>New</p>"}) == (answer.status_code, answer.json())
    assert 422 == roadmap.api.put(path, {"text": ""}).status_code


def test_comment_cannot_answer_itself(roadmap: BoardPaths) -> None:
    key = first(roadmap)["id"]
    assert 422 == roadmap.api.put(f"{comments(roadmap)}/{key}", {"parent_id": key}).status_code


def test_deleted_comment_is_gone(roadmap: BoardPaths) -> None:
    path = f"{comments(roadmap)}/{first(roadmap)['id']}"
    answer = roadmap.api.delete(path)
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert 404 == roadmap.api.get(path).status_code
    assert 1 == len(roadmap.api.rows(comments(roadmap)))


def test_comments_of_an_archived_item_can_be_read(ada: Api, roadmap: BoardPaths) -> None:
    path = comments(roadmap)
    ada.delete(roadmap.item(NAME))
    assert 2 == len(ada.rows(path))
