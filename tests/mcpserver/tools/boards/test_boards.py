from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases


def test_a_new_board_is_found_with_what_it_was_given(workspace: Agent) -> None:
    wanted = {"name": "Launch", "description": "<p>All of it.</p>", "color": "#1EB9C8"}
    made = workspace.result("infinity_create_board", **wanted, user_ids=[4243])
    read = workspace.result("infinity_get_board", board_id=made["id"])
    assert {**wanted, "user_ids": [4242, 4243]}.items() <= read.items()
    assert "Launch" in [board["name"] for board in workspace.records("infinity_list_boards")]
    origin = workspace.infinity.url.removesuffix("/api/v2")
    assert f"{origin}/b/{made['id']}" == made["url"]


def test_a_board_needs_only_a_name(workspace: Agent) -> None:
    made = workspace.result("infinity_create_board", name="Launch", description=None, color=None)
    read = workspace.result("infinity_get_board", board_id=made["id"])
    assert (None, None, [4242]) == (read["description"], read["color"], read["user_ids"])


def test_users_spelled_as_json_text_are_understood(workspace: Agent) -> None:
    made = workspace.result("infinity_create_board", name="Launch", user_ids="[4243, 4317]")
    assert [4242, 4243, 4317] == made["user_ids"]


@pytest.mark.parametrize("form", ["Bob Example", 4243, "4243", '["bob example"]', ["4243"], [4243]])
def test_one_user_alone_is_a_list_of_one(workspace: Agent, form: Any) -> None:
    made = workspace.result("infinity_create_board", name="Launch", user_ids=form)
    assert [4242, 4243] == made["user_ids"]


def test_a_wrong_board_is_refused_before_anything_is_sent(workspace: Agent) -> None:
    cases: Cases = [
        ({"name": " "}, "name: is empty"),
        ({"name": 7}, "name: must be text"),
        ({"name": "Launch", "color": "blue"}, "color: must be #RRGGBB, such as #9FE1E7"),
        ({"name": "Launch", "color": "#1EB9C8\n"}, "color: must be #RRGGBB, such as #9FE1E7"),
        ({"name": "Launch", "user_ids": ["bob"]}, "there is no member 'bob'; there are: "),
        ({"name": "Launch", "user_ids": [0]}, "user_ids.0: must be more than 0"),
        ({"name": "Launch", "user_ids": "bob"}, "there is no member 'bob'; there are: "),
        ({"name": "Launch", "user_ids": 0}, "user_ids.0: must be more than 0"),
        ({"name": "Launch", "user_ids": True}, "user_ids: must be a list"),
        ({"name": "Launch", "user_ids": {"id": 4243}}, "user_ids: must be a list"),
    ]
    for arguments, told in cases:
        assert told in workspace.refused("infinity_create_board", **arguments)


def test_a_stranger_cannot_be_given_access(workspace: Agent) -> None:
    told = workspace.error("infinity_create_board", name="Launch", user_ids=[5150])
    assert "Infinity says: user_ids.0: The selected user_ids.0 is invalid." in told
    assert "Launch" not in [board["name"] for board in workspace.records("infinity_list_boards")]
