"""What all lists have in common. Sub-items, whose pages are our own, have a file for themselves."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent

# Which ids a list takes, and how many records the sandbox has.
LISTS = {
    "infinity_list_workspaces": ("", 1),
    "infinity_list_workspace_members": ("workspace_id", 5),
    "infinity_list_boards": ("workspace_id", 2),
    "infinity_list_folders": ("workspace_id board_id", 5),
    "infinity_list_attributes": ("workspace_id board_id", 24),
    "infinity_list_items": ("workspace_id board_id", 25),
    "infinity_list_comments": ("workspace_id board_id item_id", 2),
    "infinity_list_views": ("workspace_id board_id", 5),
    "infinity_list_hooks": ("workspace_id board_id", 1),
}

List = tuple[str, Agent, int]


@pytest.fixture
def lists(agent: Agent, item: Agent) -> list[List]:
    """The tool, an agent at its place, and the number of its records."""
    return [
        (tool, agent.at(**{name: item.place[name] for name in ids.split()}), count)
        for tool, (ids, count) in LISTS.items()
    ]


def pages(tool: str, place: Agent, limit: int) -> list[list[Any]]:
    """The ids of each page."""
    found = []
    after = None
    for _ in range(30):
        page = place.result(tool, limit=limit, after=after)
        assert {"has_more", "before", "after", "data"} == page.keys()
        found.append([record["id"] for record in page["data"]])
        if not page["has_more"]:
            return found
        after = page["after"]
    raise AssertionError("The list does not end.")


def test_pages_neither_lose_nor_repeat(lists: list[List]) -> None:
    for tool, place, count in lists:
        (whole,) = pages(tool, place, 100)
        assert (count, count) == (len(whole), len(set(whole))), tool
        for limit in (4, count):
            found = pages(tool, place, limit)
            assert -(-count // limit) == len(found), tool
            assert whole == [each for page in found for each in page], tool


def test_lists_can_be_sorted_and_paged_backwards(lists: list[List]) -> None:
    newest_first = {"sort_by": "id", "sort_direction": "desc"}
    for tool, place, _ in lists:
        (whole,) = pages(tool, place, 100)
        backwards = place.records(tool, **newest_first)
        assert list(reversed(whole)) == [record["id"] for record in backwards], tool
        last = place.result(tool, limit=1, **newest_first)
        earlier = place.records(tool, before=last["after"])
        assert whole[:-1] == [record["id"] for record in earlier], tool


def test_a_cursor_of_elsewhere_is_told(lists: list[List]) -> None:
    for tool, place, _ in lists:
        assert "Infinity says: The cursor is invalid." in place.error(tool, after="elsewhere")


def test_the_text_of_a_page_says_how_to_go_on(board: Agent) -> None:
    page = board.result("infinity_list_folders", limit=4)
    text = board.text("infinity_list_folders", limit=4)
    assert text.startswith(f"> 4 records; more follow with after={page['after']}\n")
    assert "after=" not in board.text("infinity_list_folders", limit=5)


NEXT = re.compile(r"more (follow|come before these) with (after|before)=(\S+)")


@pytest.mark.parametrize("limit", [1, 4, 7, 24])
def test_a_list_is_walked_backwards_as_its_texts_say(board: Agent, limit: int) -> None:
    (whole,) = pages("infinity_list_items", board, 100)
    last = board.result("infinity_list_items", limit=100)["after"]
    found: list[str] = []
    going_on: dict[str, Any] = {"before": last}
    for _ in range(30):
        page = board.records("infinity_list_items", limit=limit, **going_on)
        found = [record["id"] for record in page] + found
        text = board.text("infinity_list_items", limit=limit, **going_on)
        match = NEXT.search(text)
        if match is None:
            break
        assert ("come before these", "before") == (match[1], match[2])
        going_on = {match[2]: match[3]}
    assert whole[:-1] == found


def test_a_page_cannot_be_asked_for_in_both_directions(board: Agent) -> None:
    cursor = board.result("infinity_list_items", limit=3)["after"]
    told = board.refused("infinity_list_items", after=cursor, before=cursor)
    assert "Give after for the next page or before for the one before, not both" in told
    assert board.records("infinity_list_items", after=cursor, before="")
