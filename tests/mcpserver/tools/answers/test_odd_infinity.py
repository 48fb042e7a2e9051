"""Tools accept every form of an answer in which Infinity's behaviour is not documented."""

from __future__ import annotations

import pytest

from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import WORKSPACE, Connect, at_roadmap
from tests.support import Infinity


@pytest.fixture
def odd(connect: Connect, odd_infinity: Infinity) -> Agent:
    """At the board, in an Infinity that does everything as it may also do it."""
    odd_infinity.reset()
    return at_roadmap(connect(infinity=odd_infinity))


def first_item(board: Agent) -> Agent:
    return board.at(item_id=board.records("infinity_list_items", limit=1)[0]["id"])


def test_single_records_are_unwrapped(odd: Agent) -> None:
    made = odd.result("infinity_create_folder", name="Later")
    assert "Later" == odd.result("infinity_get_folder", folder_id=made["id"])["name"]


def test_values_that_do_not_name_their_attribute_are_read(odd: Agent) -> None:
    item = first_item(odd)
    row = item.result("infinity_get_item_attribute_value", attribute_id="Status")
    assert "Doing" == row["text"]
    text = item.text("infinity_get_item", expand=["values.attribute"])
    assert "  Status: Doing" in text.splitlines()


def test_an_item_is_created_and_updated_by_names(odd: Agent) -> None:
    folder = odd.records("infinity_list_folders")[0]["id"]
    values = {"Status": "Doing", "Assignee": "Ada Example"}
    made = odd.result("infinity_create_item", folder_id=folder, values_by_name=values)
    item = odd.at(item_id=made["id"])
    item.result("infinity_update_item", values_by_name={"Status": "Done"})
    rows = item.result("infinity_get_item_values")["values"]
    texts = {row["attribute_name"]: row["text"] for row in rows}
    assert {"Status": "Done", "Assignee": "Ada Example"}.items() <= texts.items()


def test_deleted_records_are_left_out_of_lists(odd: Agent) -> None:
    item = first_item(odd)
    archived = item.result("infinity_archive_item")
    gone = item.place["item_id"]
    assert (gone, True) == (archived["id"], archived["deleted"])
    assert archived["title"]
    assert 22 == len(odd.records("infinity_list_items"))
    assert 22 == len(odd.records("infinity_list_item_values"))
    assert "(404)" in odd.error("infinity_list_subitems", parent_item_id=gone)
    assert "(404)" in item.error("infinity_get_item")


def test_an_attribute_that_was_deleted_is_no_candidate(odd: Agent) -> None:
    ids = {each["name"]: each["id"] for each in odd.records("infinity_list_attributes")}
    odd.result("infinity_delete_attribute", attribute_id=ids["Votes"])
    told = first_item(odd).refused("infinity_update_item", values_by_name={"Votes": 1})
    assert "there is no attribute 'Votes'" in told


def test_a_deletion_that_is_answered_with_nothing_is_taken_as_done(odd: Agent) -> None:
    view = odd.records("infinity_list_views")[0]["id"]
    assert {} == odd.result("infinity_delete_view", view_id=view)
    assert view not in [each["id"] for each in odd.records("infinity_list_views")]


def test_an_invitation_is_taken_for_a_member(connect: Connect, odd_infinity: Infinity) -> None:
    odd_infinity.reset()
    workspace = connect(infinity=odd_infinity).at(workspace_id=WORKSPACE)
    made = workspace.result("infinity_invite_workspace_member", email="zoe@example.org")
    assert "zoe@example.org" == made["email"]
    workspace.result("infinity_remove_workspace_member", user_id=made["id"])
