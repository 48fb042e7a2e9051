"""What each type of attribute accepts, through the item."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import NOWHERE, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched

UUID = "7d1d0f5e-2222-4f5b-8b11-00000000000a"


def write(board: BoardPaths, attribute: str, data: Any) -> Any:
    """The status and the error paths of writing one value to an item."""
    answer = board.api.put(board.item("Print view"), {"values": [board.value(attribute, data)]})
    return answer.status_code, list(answer.json().get("errors", {}))


ACCEPTED: list[tuple[str, Any]] = [
    ("Name", "Buy paper"),
    ("Name", ""),
    ("Name", "Zeilen\nund 🇩🇪"),
    ("Notes", "<p>Some <b>HTML</b></p>"),
    ("Notes", "plain text"),
    ("Done", True),
    ("Done", False),
    ("Assignee", [4242, 4243]),
    ("Assignee", []),
    ("Due", "2026-03-04"),
    ("Due", "2026-03-04T10:11"),
    ("Due", "2026-03-04T10:11:12"),
    ("Due", "2026-03-04T10:11:12Z"),
    ("Due", "2026-03-04T10:11:12.123456+02:00"),
    ("Due", "2026-03-04 10:11:12"),
    ("Estimate", 5),
    ("Estimate", -0.25),
    ("Progress", 0),
    ("Progress", 100),
    ("Confidence", 5),
    ("Requested by", "a.b+c@mail.example.org"),
    ("Phone", "+49 30 5550100"),
    ("Phone", "(030) 555-0100"),
    ("Phone", "112"),
    ("Links", []),
    ("Checklist", []),
    ("Files", []),
    ("Votes", 3),
    ("Estimate", None),
    ("Name", None),
    ("Due", None),
    ("Votes", None),
]


@pytest.mark.parametrize(("attribute", "data"), ACCEPTED)
def test_good_data_is_stored_as_sent(roadmap: BoardPaths, attribute: str, data: Any) -> None:
    assert (200, []) == write(roadmap, attribute, data)
    assert data == roadmap.data(roadmap.item("Print view"))[attribute]


REFUSED: list[tuple[str, Any]] = [
    ("Name", 5),
    ("Name", True),
    ("Name", ["x"]),
    ("Name", {"text": "x"}),
    ("Notes", 5),
    ("Done", "true"),
    ("Done", 1),
    ("Done", None),
    ("Status", "Done"),
    ("Status", None),
    ("Status", {}),
    ("Assignee", 4242),
    ("Assignee", None),
    ("Due", "tomorrow"),
    ("Due", "04.03.2026"),
    ("Due", "2026-13-01"),
    ("Due", "2026-02-30"),
    ("Due", "20260304"),
    ("Due", "2026-03-04T25:00"),
    ("Due", "2026-03-04\n"),
    ("Due", ""),
    ("Due", 20260304),
    ("Estimate", "5"),
    ("Estimate", True),
    ("Estimate", ""),
    ("Progress", 101),
    ("Progress", -1),
    ("Progress", 50.5),
    ("Confidence", 6),
    ("Confidence", "5"),
    ("Requested by", "nobody"),
    ("Requested by", "a b@example.org"),
    ("Requested by", ""),
    ("Phone", "call me"),
    ("Phone", "030/555"),
    ("Phone", ""),
    ("Phone", 112),
    ("Links", "https://example.org"),
    ("Links", None),
    ("Checklist", None),
    ("Files", None),
    ("Votes", "3"),
    ("Votes", [4242]),
    ("Related to", [NOWHERE]),
    ("Related to", []),
    ("Time spent", []),
    ("ID", 5),
    ("Created at", "2026-03-04"),
    ("Updated at", "2026-03-04"),
    ("Created by", 4242),
    ("Source folder", "x"),
]


@pytest.mark.parametrize(("attribute", "data"), REFUSED)
def test_wrong_type_is_refused_at_the_data(roadmap: BoardPaths, attribute: str, data: Any) -> None:
    assert (422, ["values.0.data"]) == write(roadmap, attribute, data)


REFUSED_INSIDE: list[tuple[str, Any, str]] = [
    ("Status", ["Done"], ".0"),
    ("Status", [UUID], ".0"),
    ("Status", [5], ".0"),
    ("Assignee", [4242, 5150], ".1"),
    ("Assignee", ["4242"], ".0"),
    ("Assignee", ["Ada Example"], ".0"),
    ("Links", ["https://example.org"], ".0"),
    ("Links", [{"name": "x"}], ".0.url"),
    ("Links", [{"url": "example.org"}], ".0.url"),
    ("Links", [{"url": "https://example.org", "id": "1"}], ".0.id"),
    ("Links", [{"url": "https://example.org", "name": 5}], ".0.name"),
    ("Links", [{"url": "a:b", "id": UUID}, {"url": "c:d", "id": UUID}], ".1.id"),
    ("Checklist", ["Buy milk"], ".0"),
    ("Checklist", [{"done": True}], ".0.name"),
    ("Checklist", [{"name": "x", "done": "no"}], ".0.done"),
    ("Checklist", [{"name": "x", "id": "1"}], ".0.id"),
    ("Files", [98765], ".0"),
    ("Files", [{}], ".0.id"),
    ("Files", [{"id": "98765"}], ".0.id"),
    ("Files", [{"id": 1}], ".0.id"),
    ("Files", [{"id": 98765}, {"id": 98765}], ".1.id"),
]


@pytest.mark.parametrize(("attribute", "data", "inside"), REFUSED_INSIDE)
def test_fault_inside_data_is_located(
    roadmap: BoardPaths, attribute: str, data: Any, inside: str
) -> None:
    assert (422, [f"values.0.data{inside}"]) == write(roadmap, attribute, data)


def test_label_is_written_by_id(roadmap: BoardPaths) -> None:
    doing = roadmap.label_id("Status", "Doing")
    assert (200, []) == write(roadmap, "Status", [doing])
    assert [doing] == roadmap.data(roadmap.item("Print view"))["Status"]


def test_single_label_refuses_two(roadmap: BoardPaths) -> None:
    two = [roadmap.label_id("Status", name) for name in ("Doing", "Done")]
    assert (422, ["values.0.data"]) == write(roadmap, "Status", two)


def test_multiple_label_takes_two(roadmap: BoardPaths) -> None:
    two = [roadmap.label_id("Areas", name) for name in ("Web", "API")]
    assert (200, []) == write(roadmap, "Areas", two)


def test_single_member_refuses_two(roadmap: BoardPaths) -> None:
    office = roadmap.api.board("Office & people")
    body = {"values": [office.value("Responsible", [4242, 4243])]}
    answer = roadmap.api.put(office.item("Cleaning"), body)
    assert (422, ["values.0.data"]) == (answer.status_code, list(answer.json()["errors"]))


def test_label_that_must_not_be_empty_refuses_nothing(roadmap: BoardPaths) -> None:
    status = roadmap.attributes["Status"]
    settings = status["settings"] | {"allowEmpty": False}
    roadmap.api.put(f"{roadmap.path}/attributes/{status['id']}", {"settings": settings})
    assert (422, ["values.0.data"]) == write(roadmap, "Status", [])


def test_reference_points_to_its_own_endpoint(roadmap: BoardPaths) -> None:
    body = {"values": [roadmap.value("Related to", [])]}
    answer = roadmap.api.put(roadmap.item("Print view"), body)
    assert "Create reference" in answer.json()["message"]


def test_links_get_what_was_left_out(roadmap: BoardPaths) -> None:
    write(roadmap, "Links", [{"url": "app://x/1"}, {"id": UUID, "url": "a:b", "name": "B"}])
    first, second = roadmap.data(roadmap.item("Print view"))["Links"]
    assert {"id", "url", "name", "favicon"} == set(first)
    assert {"id": UUID, "url": "a:b", "name": "B", "favicon": None} == second


def test_checklist_entries_start_undone(roadmap: BoardPaths) -> None:
    write(roadmap, "Checklist", [{"name": "x"}, {"id": UUID, "name": "y", "done": True}])
    first, second = roadmap.data(roadmap.item("Print view"))["Checklist"]
    assert ("x", False) == (first["name"], first["done"])
    assert {"id": UUID, "name": "y", "done": True} == second


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ("x", "values"),
        ({}, "values"),
        (None, "values"),
        (["x"], "values.0"),
        ([{"data": 1}], "values.0.attribute_id"),
        ([{"attribute_id": NOWHERE, "data": 1}], "values.0.attribute_id"),
        ([{"attribute_id": 5, "data": 1}], "values.0.attribute_id"),
    ],
)
def test_bad_values_are_refused(roadmap: BoardPaths, values: Any, path: str) -> None:
    answer = roadmap.api.put(roadmap.item("Print view"), {"values": values})
    assert (422, [path]) == (answer.status_code, list(answer.json()["errors"]))


def test_value_without_data_is_refused(roadmap: BoardPaths) -> None:
    body = {"values": [{"attribute_id": roadmap.attribute_id("Name")}]}
    answer = roadmap.api.put(roadmap.item("Print view"), body)
    expected = {"values.0.data": ["The values.0.data field must be present."]}
    assert (422, expected) == (answer.status_code, answer.json()["errors"])


def test_attribute_of_another_board_is_refused(roadmap: BoardPaths) -> None:
    office = roadmap.api.board("Office & people")
    body = {"values": [office.value("Cost", 5)]}
    answer = roadmap.api.put(roadmap.item("Print view"), body)
    assert ["values.0.attribute_id"] == list(answer.json()["errors"])


def test_attribute_twice_is_refused(roadmap: BoardPaths) -> None:
    values = [roadmap.value("Name", "x"), roadmap.value("Name", "y")]
    answer = roadmap.api.put(roadmap.item("Print view"), {"values": values})
    assert ["values.1.attribute_id"] == list(answer.json()["errors"])


def test_every_fault_is_reported(roadmap: BoardPaths) -> None:
    values = [roadmap.value("Name", 5), roadmap.value("Done", True), roadmap.value("Due", "x")]
    answer = roadmap.api.put(roadmap.item("Print view"), {"values": values})
    assert ["values.0.data", "values.2.data"] == list(answer.json()["errors"])


def test_one_fault_keeps_every_value_as_it_was(roadmap: BoardPaths) -> None:
    before = roadmap.data(roadmap.item("Dark mode"))
    values = [roadmap.value("Name", "New"), roadmap.value("Due", "x")]
    roadmap.api.put(roadmap.item("Dark mode"), {"values": values})
    assert before == roadmap.data(roadmap.item("Dark mode"))


@pytest.mark.parametrize(
    ("mode", "attribute", "status"),
    [
        ("all", "Status", 200),
        ("all", "Done", 200),
        ("none", "Estimate", 422),
        ("none", "Name", 422),
        ("scalars", "Estimate", 200),
        ("scalars", "Done", 422),
    ],
)
def test_what_null_clears_is_a_switch(
    switched: Switched, mode: str, attribute: str, status: int
) -> None:
    board = switched(null_data=mode).board()
    assert status == write(board, attribute, None)[0]


def test_files_cleared_with_null_are_read_as_null(switched: Switched) -> None:
    board = switched(null_data="all").board()
    write(board, "Files", None)
    assert None is board.data(board.item("Print view"))["Files"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a < b", "<p>a &lt; b</p>"), ("<p>x</p>", "<p>x</p>"), ("", "")],
)
def test_plain_text_can_be_wrapped(switched: Switched, text: str, stored: str) -> None:
    board = switched(wrap_plain_text=True).board()
    write(board, "Notes", text)
    assert stored == board.data(board.item("Print view"))["Notes"]


def test_unattached_attribute_is_written(roadmap: BoardPaths) -> None:
    body = {"values": [roadmap.value("Due", "2026-03-04")]}
    assert 200 == roadmap.api.put(roadmap.item("Offline mode"), body).status_code
    assert "2026-03-04" == roadmap.data(roadmap.item("Offline mode"))["Due"]


def test_unattached_attribute_can_be_refused(switched: Switched) -> None:
    board = switched(write_unattached=False).board()
    body = {"values": [board.value("Name", "x"), board.value("Due", "2026-03-04")]}
    answer = board.api.put(board.item("Offline mode"), body)
    assert ["values.1.attribute_id"] == list(answer.json()["errors"])
    moved = {"folder_id": board.folder_ids["Backlog"], **body}
    assert 200 == board.api.put(board.item("Offline mode"), moved).status_code
