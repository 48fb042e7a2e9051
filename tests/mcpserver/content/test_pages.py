"""A list is read to its end with any limits, wherever its pages are cut: each record once."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

import pytest

from mcpserver.content.pages import PAGE_SIZE, Position, Way, Window
from mcpserver.infinity import JsonObject

WAYS: tuple[Way, Way] = ("after", "before")
ODD = base64.urlsafe_b64encode(b'["after",null,true,null]').decode()


@dataclass
class Upstream:
    """A list as Infinity pages it: cursors name the record at an end of a page."""

    ids: list[str]

    def page(self, limit: int, after: str | None = None, before: str | None = None) -> JsonObject:
        assert 1 <= limit <= PAGE_SIZE
        assert after is None or before is None
        if before is not None:
            last = self.ids.index(before)
            first = max(0, last - limit)
            has_more = first > 0
        else:
            first = 0 if after is None else self.ids.index(after) + 1
            last = min(first + limit, len(self.ids))
            has_more = last < len(self.ids)
        ids = self.ids[first:last]
        ends = {"before": ids[0] if ids else None, "after": ids[-1] if ids else None}
        return {"has_more": has_more, **ends, "data": [{"id": each} for each in ids]}


def read(upstream: Upstream, window: Window) -> JsonObject:
    return window.shown(upstream.page(**window.query))


def walk(
    upstream: Upstream, way: Way, choice: random.Random, cursor: str | None = None
) -> list[str]:
    """The ids in the order of the list, read with new limits and cuts at each step."""
    found: list[str] = []
    for _ in range(1_000):
        window = Window.of(way, cursor, choice.choice([1, 2, 7, 50, 100]))
        page = read(upstream, window)
        assert len(page["data"]) <= window.limit
        kept = choice.randrange(1, 60)
        if kept < len(page["data"]):
            page = window.cut(page, kept)
        ids = [record["id"] for record in page["data"]]
        found = found + ids if way == "after" else ids + found
        if not page["has_more"]:
            return found
        cursor = page[way]
    raise AssertionError("The list does not end.")


@pytest.mark.parametrize("seed", range(40))
def test_each_record_is_read_once_in_either_direction(seed: int) -> None:
    choice = random.Random(seed)
    upstream = Upstream([f"id-{n}" for n in range(choice.choice([0, 1, 99, 100, 101, 300]))])
    assert upstream.ids == walk(upstream, "after", choice)
    if upstream.ids:
        last = read(upstream, Window.of("after", None, 1))["after"]
        assert upstream.ids[:0] == walk(upstream, "before", choice, last)
        end = upstream.ids[-1]
        assert upstream.ids[:-1] == walk(upstream, "before", choice, end)


@pytest.mark.parametrize("seed", range(40))
def test_one_can_turn_round_at_any_page(seed: int) -> None:
    choice = random.Random(seed)
    upstream = Upstream([f"id-{n}" for n in range(250)])
    cursor, before = None, 0
    for _ in range(choice.randrange(1, 6)):
        window = Window.of("after", cursor, choice.choice([1, 7, 60]))
        page = read(upstream, window)
        kept = choice.randrange(1, 30)
        if kept < len(page["data"]):
            page = window.cut(page, kept)
        before, cursor = upstream.ids.index(page["data"][0]["id"]), page["after"]
    if before:
        assert upstream.ids[:before] == walk(upstream, "before", choice, page["before"])
    at = upstream.ids.index(page["data"][-1]["id"]) + 1
    assert upstream.ids[at:] == walk(upstream, "after", choice, cursor)


@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_is_gone_costs_no_other_and_no_repetition(way: Way) -> None:
    upstream = Upstream([f"id-{n}" for n in range(50)])
    cursor = None if way == "after" else "id-49"
    window = Window.of(way, cursor, 50)
    cut = window.cut(read(upstream, window), 10)
    gone, left = (10, upstream.ids[11:]) if way == "after" else (38, upstream.ids[:38])
    del upstream.ids[gone]
    following = read(upstream, Window.of(way, cut[way], 100))
    assert left == [record["id"] for record in following["data"]]


def test_two_records_that_are_gone_cost_a_repetition_and_no_loss() -> None:
    upstream = Upstream([f"id-{n}" for n in range(50)])
    window = Window.of("after", None, 50)
    cut = window.cut(read(upstream, window), 10)
    del upstream.ids[9:11]
    following = read(upstream, Window.of("after", cut["after"], 100))
    assert upstream.ids == [record["id"] for record in following["data"]]


def test_there_is_nothing_before_the_first_record() -> None:
    upstream = Upstream([f"id-{n}" for n in range(50)])
    window = Window.of("after", None, 20)
    second = read(upstream, Window.of("after", window.cut(read(upstream, window), 5)["after"], 5))
    back = read(upstream, Window.of("before", second["before"], 100))
    assert (5, False) == (len(back["data"]), back["has_more"])


@pytest.mark.parametrize(
    "cursor", ["", "UHpUNHdHOGJLMm0sMjAyNi0wMS0wMg==", "é", "W10", "WyJhIiwxLDJd", ODD, "x" * 2_000]
)
def test_any_other_cursor_is_infinitys(cursor: str) -> None:
    assert Position.of(cursor) is None
    window = Window.of("after", cursor, 7)
    assert window.query == ({"limit": 7, "after": cursor} if cursor else {"limit": 7})


@pytest.mark.parametrize("way", WAYS)
def test_a_cursor_survives_its_way_through_a_client(way: Way) -> None:
    for position in (Position(way, "a,b=", "id"), Position(way, None, 7, 6), Position(way)):
        assert position == Position.of(position.text)
