from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases

Ids = dict[str, str]

STARTED, ENDED = "2026-02-03T06:00:00Z", "2026-02-03T06:30:00Z"
# As Infinity writes them.
STORED = {
    "started_at": "2026-02-03T06:00:00.000000Z",
    "ended_at": "2026-02-03T06:30:00.000000Z",
}


@pytest.fixture
def tracked(item: Agent, attribute_ids: Ids) -> Agent:
    """At an item and its time-tracking attribute."""
    return item.at(attribute_id=attribute_ids["Time spent"])


@pytest.fixture
def entry(tracked: Agent, board: Agent) -> Agent:
    """At a new entry of half an hour."""
    made = tracked.result(
        "infinity_create_time_entry", started_at=STARTED, ended_at=ENDED, description="Call"
    )
    assert {**STORED, "description": "Call"}.items() <= made.items()
    return board.at(time_entry_id=made["id"])


@pytest.mark.parametrize("end", [{}, {"ended_at": None}])
def test_without_an_end_a_timer_runs_until_it_is_stopped(
    tracked: Agent, board: Agent, end: dict[str, None]
) -> None:
    timer = tracked.result("infinity_create_time_entry", started_at=STARTED, **end)
    assert (STORED["started_at"], None) == (timer["started_at"], timer["ended_at"])
    place = {"time_entry_id": timer["id"], "ended_at": ENDED}
    assert STORED["ended_at"] == board.result("infinity_update_time_entry", **place)["ended_at"]


def test_without_a_start_a_timer_runs_from_now(tracked: Agent) -> None:
    timer = tracked.result("infinity_create_time_entry")
    assert timer["started_at"] > STORED["started_at"]
    assert (None, None) == (timer["ended_at"], timer["description"])


@pytest.mark.parametrize(
    ("changes", "becomes"),
    [
        ({"description": "Talk"}, {"description": "Talk"}),
        ({"description": None}, {"description": None}),
        ({"ended_at": None}, {"ended_at": None}),
        ({"started_at": "2026-02-03"}, {"started_at": "2026-02-03T00:00:00.000000Z"}),
        (
            {"ended_at": "2026-02-03T08:00:00+01:00", "description": ""},
            {"ended_at": "2026-02-03T07:00:00.000000Z"},
        ),
    ],
)
def test_an_update_changes_what_it_names_and_nothing_else(
    entry: Agent, changes: dict[str, Any], becomes: dict[str, Any]
) -> None:
    before = {**STORED, "description": "Call"}
    after = entry.result("infinity_update_time_entry", **changes)
    assert {**before, **becomes}.items() <= after.items()


def test_a_wrong_update_is_refused_before_anything_is_sent(entry: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"item_id": None}, "give at least one thing to change"),
        ({"ended_at": "soon"}, "ended_at: is not a time like 2026-12-01T09:30:00Z"),
        ({"started_at": "09:30"}, "started_at: is not a time like 2026-12-01T09:30:00Z"),
        ({"started_at": 1770098400}, "started_at: must be text"),
        ({"description": 5}, "description: must be text"),
    ]
    for changes, told in cases:
        assert told in entry.refused("infinity_update_time_entry", **changes)


def test_a_wrong_entry_is_refused_before_anything_is_sent(tracked: Agent) -> None:
    cases: Cases = [
        ({"item_id": None}, "item_id is required"),
        ({"attribute_id": ""}, "attribute_id: is empty"),
        ({"started_at": "2026-02-30"}, "started_at: is not a time like"),
    ]
    for arguments, told in cases:
        assert told in tracked.refused("infinity_create_time_entry", **arguments)


def test_what_infinity_objects_to_is_told(entry: Agent, tracked: Agent, attribute_ids: Ids) -> None:
    told = entry.error("infinity_update_time_entry", item_id="other")
    assert "Infinity says: item_id: The item id field cannot be changed." in told
    told = entry.error("infinity_update_time_entry", ended_at="2026-02-01T00:00:00Z")
    assert "Infinity says: ended_at: " in told
    told = tracked.error("infinity_create_time_entry", attribute_id=attribute_ids["Name"])
    assert "Infinity says: attribute_id: " in told


def test_a_deleted_entry_is_gone(entry: Agent) -> None:
    assert entry.result("infinity_delete_time_entry")["deleted"] is True
    assert "(404)" in entry.error("infinity_update_time_entry", description="x")


def test_entries_can_be_neither_listed_nor_written_as_values(board: Agent, item: Agent) -> None:
    assert "There is no tool" in board.error("infinity_list_time_entries")
    told = item.refused("infinity_update_item", values_by_name={"Time spent": 30})
    assert "use infinity_create_time_entry" in told
