from __future__ import annotations

from typing import Any

import pytest

from mcpserver.sandbox import create_app
from tests.mcpserver.sandbox.api import NOWHERE, Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Clock, Switched


def entries(board: BoardPaths) -> str:
    return f"{board.path}/time-tracking"


def ids(board: BoardPaths) -> dict[str, str]:
    return {
        "item_id": board.item_ids["Dark mode"],
        "attribute_id": board.attribute_id("Time spent"),
    }


def created(board: BoardPaths, **more: Any) -> dict[str, Any]:
    entry: dict[str, Any] = board.api.post(entries(board), ids(board) | more).json()
    return entry


def test_two_ids_start_a_running_timer(clock: Clock) -> None:
    board = Api(create_app(clock=clock)).board()
    answer = board.api.post(entries(board), ids(board))
    entry = answer.json()
    expected = ids(board) | {
        "id": entry["id"],
        "object": "time_entry",
        "started_at": "2027-01-15T08:00:00.000000Z",
        "ended_at": None,
        "description": None,
        "created_by": 4242,
        "deleted": False,
    }
    assert (201, expected) == (answer.status_code, entry)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-02-03T06:30:00", "2026-02-03T06:30:00.000000Z"),
        ("2026-02-03T06:30:00Z", "2026-02-03T06:30:00.000000Z"),
        ("2026-02-03T06:30:00+02:00", "2026-02-03T04:30:00.000000Z"),
        ("2026-02-03", "2026-02-03T00:00:00.000000Z"),
    ],
)
def test_times_are_read_as_utc(roadmap: BoardPaths, sent: str, stored: str) -> None:
    entry = created(roadmap, started_at=sent, ended_at=sent, description="Pairing")
    assert (stored, stored, "Pairing") == (
        entry["started_at"],
        entry["ended_at"],
        entry["description"],
    )


def test_required_ids_are_named(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(entries(roadmap), {})
    assert (422, ["item_id", "attribute_id"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item_id": NOWHERE}, "item_id"),
        ({"attribute_id": NOWHERE}, "attribute_id"),
        ({"started_at": "now"}, "started_at"),
        ({"started_at": 5}, "started_at"),
        ({"ended_at": "2026-02-30"}, "ended_at"),
        ({"description": 5}, "description"),
        ({"started_at": "2026-02-03T06:30", "ended_at": "2026-02-03T06:29"}, "ended_at"),
    ],
)
def test_bad_entry_is_refused(roadmap: BoardPaths, change: dict[str, Any], field: str) -> None:
    answer = roadmap.api.post(entries(roadmap), ids(roadmap) | change)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))


def test_attribute_must_track_time(roadmap: BoardPaths) -> None:
    body = ids(roadmap) | {"attribute_id": roadmap.attribute_id("Estimate")}
    assert ["attribute_id"] == list(roadmap.api.post(entries(roadmap), body).json()["errors"])


def test_update_stops_the_timer(roadmap: BoardPaths) -> None:
    entry = created(roadmap, started_at="2026-02-03T06:00:00")
    body = {"ended_at": "2026-02-03T06:30:00", "description": None}
    answer = roadmap.api.put(f"{entries(roadmap)}/{entry['id']}", body)
    expected = entry | {"ended_at": "2026-02-03T06:30:00.000000Z"}
    assert (200, expected) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item_id": NOWHERE}, "item_id"),
        ({"attribute_id": NOWHERE}, "attribute_id"),
        ({"started_at": None}, "started_at"),
        ({"ended_at": "2026-02-03T05:59:00"}, "ended_at"),
        ({"ended_at": "later"}, "ended_at"),
    ],
)
def test_bad_update_is_refused(roadmap: BoardPaths, change: dict[str, Any], field: str) -> None:
    entry = created(roadmap, started_at="2026-02-03T06:00:00")
    answer = roadmap.api.put(f"{entries(roadmap)}/{entry['id']}", change)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))


def test_whole_entry_can_be_sent_back(roadmap: BoardPaths) -> None:
    entry = created(roadmap)
    answer = roadmap.api.put(f"{entries(roadmap)}/{entry['id']}", entry)
    assert (200, entry) == (answer.status_code, answer.json())


def test_deleted_entry_is_gone(roadmap: BoardPaths) -> None:
    path = f"{entries(roadmap)}/{created(roadmap)['id']}"
    assert [200, 404, 404] == [
        roadmap.api.delete(path).status_code,
        roadmap.api.delete(path).status_code,
        roadmap.api.put(path, {}).status_code,
    ]


def test_entries_cannot_be_listed(roadmap: BoardPaths) -> None:
    assert 405 == roadmap.api.get(entries(roadmap)).status_code


def test_value_of_the_item_stays_empty(roadmap: BoardPaths) -> None:
    created(roadmap)
    assert [] == roadmap.data(roadmap.item("Dark mode"))["Time spent"]


@pytest.mark.parametrize("stops", [True, False])
def test_second_timer_stopping_the_first_is_a_switch(switched: Switched, stops: bool) -> None:
    board = switched(timer_stops_previous=stops).board()
    first = created(board)
    created(board)
    unchanged = board.api.put(f"{entries(board)}/{first['id']}", {}).json()
    assert stops is (unchanged["ended_at"] is not None)
