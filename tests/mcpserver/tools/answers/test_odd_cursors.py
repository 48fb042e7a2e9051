"""A cursor in the wrong place gives a page or a clear error, and no list is endless."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent

EXPANDED = {"expand": ["values.attribute", "folder"]}
ELSEWHERE = [
    ("infinity_list_items", {"sort_by": "created_at", "sort_direction": "desc"}),
    ("infinity_list_item_values", {}),
    ("infinity_list_attributes", {}),
    ("infinity_list_folders", {}),
]
CLEAR = ("The cursor is invalid", "is not a cursor of this tool", "takes at most 2,000 characters")


@pytest.fixture
def cursors(board: Agent) -> list[str]:
    """Of cut pages: the first one, and one that follows a cursor of Infinity's."""
    own = board.result("infinity_list_items", limit=4)["after"]
    after = [board.result("infinity_list_items", **EXPANDED, after=each) for each in ("", own)]
    return [page["after"] for page in after]


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_of_another_list_or_way_leads_to_an_end(
    board: Agent, cursors: list[str], way: str
) -> None:
    for tool, more in ELSEWHERE:
        for cursor in cursors:
            here: str | None = cursor
            for _ in range(50):
                arguments: dict[str, Any] = {way: here, "response_format": "json", **more}
                result = board.call(tool, **arguments)
                page = result.structured_content or {}
                here = page.get(way) if page.get("has_more") else None
                if not here:
                    break
            assert not here
            if result.is_error:
                assert any(words in str(result.content) for words in CLEAR)


def test_a_damaged_cursor_is_refused_in_words(board: Agent, cursors: list[str]) -> None:
    for cursor in cursors:
        swapped = cursor[:5] + cursor[5:9].swapcase() + cursor[9:]
        for damaged in (cursor[: len(cursor) // 2], swapped, "x" * 2_000, "x" * 2_001, "é"):
            for way in ("after", "before"):
                told = board.error("infinity_list_items", **{way: damaged})
                assert any(words in told for words in CLEAR)
