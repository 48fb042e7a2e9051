from __future__ import annotations

import re
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import Api, BoardPaths

BOARDS = "/workspaces/31337/boards"


def test_board_has_the_documented_fields(roadmap: BoardPaths) -> None:
    board = roadmap.api.get(roadmap.path).json()
    expected = {
        "id": roadmap.path.rpartition("/")[2],
        "object": "board",
        "name": "Product roadmap",
        "description": "<p>What we build, and when.</p>",
        "color": "#1EB9C8",
        "user_ids": [4242, 4243, 4301],
        "workspace_id": 31337,
        "created_at": "2026-01-12T09:39:00.000000Z",
        "deleted": False,
    }
    assert expected == board


def test_created_board_belongs_to_its_maker_and_the_invited(bob: Api) -> None:
    body = {"name": "Hiring", "description": None, "color": "#00FF99", "user_ids": [4301]}
    answer = bob.post(BOARDS, body)
    board = answer.json()
    assert (201, [4243, 4301]) == (answer.status_code, board["user_ids"])
    assert re.fullmatch("[1-9A-HJ-NP-Za-km-z]{11}", board["id"])
    assert body | {"user_ids": [4243, 4301]} == {key: board[key] for key in body}
    assert board == bob.get(f"{BOARDS}/{board['id']}").json()


def test_new_board_is_empty(ada: Api) -> None:
    board = ada.post(BOARDS, {"name": "Hiring"}).json()
    path = f"{BOARDS}/{board['id']}"
    resources = ("folders", "attributes", "items", "views", "hooks")
    assert [[]] * 5 == [ada.rows(f"{path}/{resource}") for resource in resources]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "description": 5}, "description"),
        ({"name": "x", "color": "red"}, "color"),
        ({"name": "x", "color": "#12345"}, "color"),
        ({"name": "x", "user_ids": 4243}, "user_ids"),
        ({"name": "x", "user_ids": [4243, 5150]}, "user_ids.1"),
        ({"name": "x", "user_ids": ["4243"]}, "user_ids.0"),
    ],
)
def test_bad_board_is_refused(ada: Api, body: dict[str, Any], field: str) -> None:
    answer = ada.post(BOARDS, body)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))
    assert 2 == len(ada.rows(BOARDS))


def test_restricted_member_may_not_create_boards(rita: Api) -> None:
    assert 403 == rita.post(BOARDS, {"name": "Mine"}).status_code


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_boards_cannot_be_changed_or_deleted(roadmap: BoardPaths, method: str) -> None:
    assert 405 == roadmap.api.request(method, roadmap.path, json={"name": "x"}).status_code
