from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import NOWHERE, Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched

WRITABLE: dict[str, Any] = {
    "text": None,
    "longtext": None,
    "checkbox": False,
    "label": [],
    "members": [],
    "date": None,
    "number": None,
    "progress": None,
    "rating": None,
    "email": None,
    "phone": None,
    "links": [],
    "checklist": [],
    "attachments": [],
    "vote": None,
}
COMPUTED = ("created_at", "updated_at", "created_by", "source_folder")
ONE, OTHER = "7d1d0f5e-2222-4f5b-8b11-00000000000a", "7d1d0f5e-2222-4f5b-8b11-00000000000b"


def attributes(board: BoardPaths) -> str:
    return f"{board.path}/attributes"


def attribute(board: BoardPaths, name: str) -> str:
    return f"{attributes(board)}/{board.attribute_id(name)}"


def test_label_attribute_has_the_documented_fields(roadmap: BoardPaths) -> None:
    status = roadmap.api.get(attribute(roadmap, "Status")).json()
    labels = status["settings"].pop("labels")
    expected = {
        "id": roadmap.attribute_id("Status"),
        "object": "attribute",
        "name": "Status",
        "type": "label",
        "default_data": [],
        "settings": {"multiple": False, "allowNew": True, "allowEmpty": True},
        "deleted": False,
    }
    assert expected == status
    assert ["To do", "Doing", "Done", "Blocked"] == [label["name"] for label in labels]
    assert {"id", "name", "color"} == set(labels[0])


@pytest.mark.parametrize("kind", [*WRITABLE, *COMPUTED])
def test_type_can_be_created(roadmap: BoardPaths, kind: str) -> None:
    answer = roadmap.api.post(attributes(roadmap), {"name": "New", "type": kind})
    created = answer.json()
    assert (201, kind, WRITABLE.get(kind)) == (
        answer.status_code,
        created["type"],
        created["default_data"],
    )
    assert 4 == uuid.UUID(created["id"]).version


@pytest.mark.parametrize(
    "kind", ["reference", "custom_id", "time_tracking", "formula", "Text", "", None, 5]
)
def test_type_cannot_be_created(roadmap: BoardPaths, kind: object) -> None:
    answer = roadmap.api.post(attributes(roadmap), {"name": "New", "type": kind})
    assert (422, ["type"]) == (answer.status_code, list(answer.json()["errors"]))


def test_checklists_can_be_uncreatable(switched: Switched) -> None:
    board = switched(checklist_creatable=False).board()
    body = {"name": "New", "type": "checklist"}
    assert 422 == board.api.post(attributes(board), body).status_code


def test_new_attribute_is_shown_in_no_folder(roadmap: BoardPaths) -> None:
    created = roadmap.api.post(attributes(roadmap), {"name": "New", "type": "text"}).json()
    shown = [row["attribute_ids"] for row in roadmap.api.rows(f"{roadmap.path}/folders")]
    assert not any(created["id"] in ids for ids in shown)


def test_label_options_keep_their_ids(roadmap: BoardPaths) -> None:
    labels = [{"id": ONE, "name": "Yes", "color": "#00FF00"}, {"id": OTHER, "name": "No"}]
    body = {"name": "OK?", "type": "label", "default_data": [ONE], "settings": {"labels": labels}}
    created = roadmap.api.post(attributes(roadmap), body).json()
    assert (labels, [ONE]) == (created["settings"]["labels"], created["default_data"])
    assert False is created["settings"]["multiple"]


@pytest.mark.parametrize(
    ("labels", "path"),
    [
        ([{"name": "Yes"}], "settings.labels.0.id"),
        ([{"id": ONE, "name": "A"}, {"id": "1", "name": "B"}], "settings.labels.1.id"),
        ([{"id": ONE, "name": "A"}, {"id": ONE, "name": "B"}], "settings.labels.1.id"),
        ([{"id": ONE}], "settings.labels.0.name"),
        ([{"id": ONE, "name": "A", "color": "red"}], "settings.labels.0.color"),
        (["Yes"], "settings.labels.0"),
        ({ONE: {"name": "Yes"}}, "settings.labels"),
    ],
)
def test_bad_label_option_is_refused(roadmap: BoardPaths, labels: Any, path: str) -> None:
    body = {"name": "OK?", "type": "label", "settings": {"labels": labels}}
    answer = roadmap.api.post(attributes(roadmap), body)
    assert (422, [path]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"type": "text"}, "name"),
        ({"name": "x"}, "type"),
        ({"name": "x", "type": "text", "settings": 1}, "settings"),
        ({"name": "x", "type": "text", "default_data": 1}, "default_data"),
        ({"name": "x", "type": "checkbox", "default_data": "yes"}, "default_data"),
        ({"name": "x", "type": "label", "default_data": [ONE]}, "default_data.0"),
        ({"name": "x", "type": "members", "default_data": [1]}, "default_data.0"),
        ({"name": "x", "type": "label", "settings": {"multiple": 1}}, "settings.multiple"),
    ],
)
def test_bad_attribute_is_refused(roadmap: BoardPaths, body: dict[str, Any], path: str) -> None:
    answer = roadmap.api.post(attributes(roadmap), body)
    assert (422, [path]) == (answer.status_code, list(answer.json()["errors"]))


def test_update_changes_only_what_is_sent(roadmap: BoardPaths) -> None:
    path = attribute(roadmap, "Estimate")
    before = roadmap.api.get(path).json()
    answer = roadmap.api.put(path, {"name": "Points", "default_data": 1})
    expected = before | {"name": "Points", "default_data": 1}
    assert (200, expected) == (answer.status_code, answer.json())


def test_update_replaces_settings_whole(roadmap: BoardPaths) -> None:
    labels = [{"id": ONE, "name": "Only", "color": None}]
    path = attribute(roadmap, "Status")
    roadmap.api.put(path, {"settings": {"labels": labels}})
    assert {"labels": labels} == roadmap.api.get(path).json()["settings"]


def test_removed_label_dangles_in_items(roadmap: BoardPaths) -> None:
    dangling = roadmap.label_id("Status", "Done")
    roadmap.api.put(attribute(roadmap, "Status"), {"settings": {"labels": []}})
    assert [dangling] == roadmap.data(roadmap.item("Dark mode"))["Status"]


@pytest.mark.parametrize("name", ["Related to", "ID", "Time spent", "Status", "Created at"])
def test_whole_attribute_can_be_sent_back(roadmap: BoardPaths, name: str) -> None:
    path = attribute(roadmap, name)
    before = roadmap.api.get(path).json()
    answer = roadmap.api.put(path, before)
    assert (200, before) == (answer.status_code, answer.json())


def test_type_cannot_become_one_that_cannot_be_created(roadmap: BoardPaths) -> None:
    answer = roadmap.api.put(attribute(roadmap, "Notes"), {"type": "reference"})
    assert (422, ["type"]) == (answer.status_code, list(answer.json()["errors"]))


def test_type_can_change(roadmap: BoardPaths) -> None:
    answer = roadmap.api.put(attribute(roadmap, "Notes"), {"type": "text"})
    assert (200, "text") == (answer.status_code, answer.json()["type"])


def test_deleted_attribute_leaves_folders_and_items(roadmap: BoardPaths) -> None:
    answer = roadmap.api.delete(attribute(roadmap, "Votes"))
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    votes = roadmap.attribute_id("Votes")
    shown = [row["attribute_ids"] for row in roadmap.api.rows(f"{roadmap.path}/folders")]
    assert not any(votes in ids for ids in shown)
    values = roadmap.api.expanded(roadmap.item("Dark mode"), "values")["values"]
    assert votes not in [value["attribute_id"] for value in values]
    assert 404 == roadmap.api.get(attribute(roadmap, "Votes")).status_code
    assert votes not in [row["id"] for row in roadmap.api.rows(attributes(roadmap))]


def test_unknown_attribute_is_not_found(roadmap: BoardPaths) -> None:
    assert 404 == roadmap.api.put(f"{attributes(roadmap)}/{NOWHERE}", {"name": "x"}).status_code


def test_range_settings_are_opaque(ada: Api, roadmap: BoardPaths) -> None:
    settings = {"min": "low", "max": None, "unit": {"symbol": "€"}}
    body = {"name": "x", "type": "progress", "settings": settings}
    created = ada.post(attributes(roadmap), body).json()
    assert settings == created["settings"]
    values = [{"attribute_id": created["id"], "data": 100}]
    assert "id" in roadmap.new_item(values=values)
