from __future__ import annotations

import pytest

from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect, at_roadmap
from tests.support import Infinity

Ids = dict[str, str]


def link(board: Agent, attribute: str = "Related to") -> dict[str, str]:
    """The arguments that link the first two items of the board."""
    first, second = board.records("infinity_list_items", limit=2)
    attributes = board.records("infinity_list_attributes")
    (attribute_id,) = [each["id"] for each in attributes if each["name"] == attribute]
    return {
        "attribute_id": attribute_id,
        "from_item_id": first["id"],
        "to_item_id": second["id"],
    }


def test_a_reference_is_made_and_deleted_by_its_id(board: Agent) -> None:
    wanted = link(board)
    made = board.result("infinity_create_reference", **wanted)
    assert wanted.items() <= made.items()
    deleted = board.result("infinity_delete_reference", reference_id=made["id"])
    assert (made["id"], True) == (deleted["id"], deleted["deleted"])
    assert "(404)" in board.error("infinity_delete_reference", reference_id=made["id"])


def test_a_version_that_cannot_delete_references_is_told(
    connect: Connect, odd_infinity: Infinity
) -> None:
    odd_infinity.reset()
    board = at_roadmap(connect(infinity=odd_infinity))
    made = board.result("infinity_create_reference", **link(board))
    told = board.error("infinity_delete_reference", reference_id=made["id"])
    assert "The Infinity API version in use no longer has this operation (410" in told


@pytest.mark.parametrize("left_out", ["attribute_id", "from_item_id", "to_item_id"])
def test_an_incomplete_reference_is_refused(board: Agent, left_out: str) -> None:
    told = board.refused("infinity_create_reference", **{**link(board), left_out: None})
    assert f"{left_out} is required" in told


def test_an_attribute_of_another_type_is_told(board: Agent) -> None:
    told = board.error("infinity_create_reference", **link(board, "Name"))
    assert "Infinity says: attribute_id: " in told


def test_references_cannot_be_written_as_values(item: Agent) -> None:
    told = item.refused("infinity_update_item", values_by_name={"Related to": ["x"]})
    assert "use infinity_create_reference" in told


def test_references_cannot_be_listed(board: Agent) -> None:
    assert "There is no tool" in board.error("infinity_list_references")
