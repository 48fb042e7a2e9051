from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcpserver.sandbox import Delivery, Options, create_app
from mcpserver.sandbox.events import send_test
from tests.mcpserver.sandbox.api import Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched

URL = "https://hooks.example.org/inf"
OBJECTS = [{"event": "item.created"}, {"event": "comment.created", "data": {"x": 1}}]
ALL = (
    "item.created",
    "item.updated",
    "value.created",
    "value.updated",
    "comment.created",
    "comment.updated",
)


def hooks(board: BoardPaths) -> str:
    return f"{board.path}/hooks"


def listen(board: BoardPaths, *events: str) -> dict[str, Any]:
    """Only this hook, for these events."""
    for row in board.api.rows(hooks(board)):
        board.api.delete(f"{hooks(board)}/{row['id']}")
    body = {"url": URL, "events": [{"event": event} for event in events or ALL]}
    hook: dict[str, Any] = board.api.post(hooks(board), body).json()
    return hook


def bodies(board: BoardPaths) -> list[Any]:
    return [delivery.body for delivery in board.api.sandbox.deliveries]


def events(board: BoardPaths) -> list[str]:
    return [body["event"] for body in bodies(board)]


def test_created_hook_has_the_documented_fields(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(hooks(roadmap), {"url": URL, "events": OBJECTS})
    hook = answer.json()
    expected = {
        "id": hook["id"],
        "object": "hook",
        "url": URL,
        "events": OBJECTS,
        "user_id": 4242,
        "board_id": roadmap.path.rpartition("/")[2],
        "secret": hook["secret"],
        "created_at": hook["created_at"],
        "deleted": False,
    }
    assert (201, expected) == (answer.status_code, hook)
    assert hook["secret"]
    assert hook in roadmap.api.rows(hooks(roadmap))


@pytest.mark.parametrize("version", [None, "2025-02-26.morava", "2025-12-01.morava"])
def test_old_version_shows_events_as_strings(
    ada: Api, roadmap: BoardPaths, version: str | None
) -> None:
    ada.post(hooks(roadmap), {"url": URL, "events": OBJECTS})
    shown = [row["events"] for row in Api(ada.app, version=version).rows(hooks(roadmap))]
    assert ["item.created", "comment.created"] in shown


def test_strings_are_accepted_and_shown_as_objects(roadmap: BoardPaths) -> None:
    body = {"url": URL, "events": ["item.created", "item.finalized"]}
    answer = roadmap.api.post(hooks(roadmap), body)
    expected = [{"event": "item.created"}, {"event": "item.finalized"}]
    assert (201, expected) == (answer.status_code, answer.json()["events"])


@pytest.mark.parametrize(
    ("accepted", "statuses"),
    [("both", [201, 201]), ("objects", [201, 422]), ("strings", [422, 201])],
)
def test_form_of_events_is_a_switch(switched: Switched, accepted: str, statuses: list[int]) -> None:
    board = switched(hook_events=accepted).board()
    forms: list[Any] = [[{"event": "item.created"}], ["item.created"]]
    answers = [board.api.post(hooks(board), {"url": URL, "events": form}) for form in forms]
    assert statuses == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"url": None}, "url"),
        ({"url": "hooks.example.org"}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"events": None}, "events"),
        ({"events": []}, "events"),
        ({"events": "item.created"}, "events"),
        ({"events": {"event": "item.created"}}, "events"),
        ({"events": [5]}, "events.0"),
        ({"events": [{"data": 1}]}, "events.0.event"),
        ({"events": ["item.created", {"event": "folder.created"}]}, "events.1.event"),
        ({"events": ["item.moved"]}, "events.0"),
    ],
)
def test_bad_hook_is_refused(roadmap: BoardPaths, change: dict[str, Any], path: str) -> None:
    good: dict[str, Any] = {"url": URL, "events": OBJECTS}
    answer = roadmap.api.post(hooks(roadmap), good | change)
    assert (422, [path]) == (answer.status_code, list(answer.json()["errors"]))
    existing = roadmap.api.rows(hooks(roadmap))[0]
    assert 422 == roadmap.api.put(f"{hooks(roadmap)}/{existing['id']}", change).status_code


def test_unknown_events_can_be_accepted(switched: Switched) -> None:
    board = switched(unknown_hook_events="accept").board()
    body = {"url": URL, "events": ["folder.created"]}
    assert 201 == board.api.post(hooks(board), body).status_code


def test_url_and_events_change_on_their_own(roadmap: BoardPaths) -> None:
    hook = listen(roadmap)
    path = f"{hooks(roadmap)}/{hook['id']}"
    moved = roadmap.api.put(path, {"url": "https://other.example.org/"})
    assert hook | {"url": "https://other.example.org/"} == moved.json()
    changed = roadmap.api.put(path, {"events": ["item.updated"]})
    assert (200, [{"event": "item.updated"}]) == (changed.status_code, changed.json()["events"])


def test_one_hook_cannot_be_read(roadmap: BoardPaths) -> None:
    assert 405 == roadmap.api.get(f"{hooks(roadmap)}/{listen(roadmap)['id']}").status_code


def test_deleted_hook_is_gone_and_silent(roadmap: BoardPaths) -> None:
    path = f"{hooks(roadmap)}/{listen(roadmap)['id']}"
    answer = roadmap.api.delete(path)
    assert (200, True) == (answer.status_code, answer.json()["deleted"])
    assert ([], 404) == (roadmap.api.rows(hooks(roadmap)), roadmap.api.delete(path).status_code)
    roadmap.new_item()
    assert [] == bodies(roadmap)


def test_delivery_goes_to_the_url_as_infinity(roadmap: BoardPaths) -> None:
    hook = listen(roadmap)
    roadmap.new_item()
    (delivery,) = roadmap.api.sandbox.deliveries
    assert (hook["id"], URL) == (delivery.hook_id, delivery.url)
    assert delivery.headers["User-Agent"].startswith("Infinity/")


def test_created_item_arrives_without_values_or_author(roadmap: BoardPaths) -> None:
    listen(roadmap, "item.created")
    item = roadmap.new_item(values=[roadmap.value("Name", "New")])
    shown = ("id", "object", "folder_id", "parent_id", "created_at", "sort_order", "deleted")
    expected = {"event": "item.created", "payload": {key: item[key] for key in shown}}
    assert [expected] == bodies(roadmap)


def test_first_value_is_created_and_later_ones_updated(roadmap: BoardPaths) -> None:
    listen(roadmap)
    path = roadmap.item("Print view")
    for data in (1, 2):
        roadmap.api.put(path, {"values": [roadmap.value("Estimate", data)]})
    assert ["value.created", "value.updated"] == events(roadmap)
    first, second = (body["payload"] for body in bodies(roadmap))
    expected = {
        "id": first["id"],
        "object": "value",
        "data": 2,
        "attribute_id": roadmap.attribute_id("Estimate"),
        "item_id": roadmap.item_ids["Print view"],
        "deleted": False,
    }
    assert expected == second


def test_created_item_comes_before_its_values(roadmap: BoardPaths) -> None:
    listen(roadmap)
    roadmap.new_item(values=[roadmap.value("Name", "New"), roadmap.value("Done", True)])
    assert ["item.created", "value.created", "value.created"] == events(roadmap)


def test_moved_item_is_updated(roadmap: BoardPaths) -> None:
    listen(roadmap)
    ideas = roadmap.folder_ids["Ideas"]
    roadmap.api.put(roadmap.item("Print view"), {"folder_id": ideas})
    (body,) = bodies(roadmap)
    assert ("item.updated", ideas) == (body["event"], body["payload"]["folder_id"])


def test_deleted_item_arrives_as_updated(roadmap: BoardPaths) -> None:
    listen(roadmap)
    roadmap.api.delete(roadmap.item("Print view"))
    (body,) = bodies(roadmap)
    assert ("item.updated", True) == (body["event"], body["payload"]["deleted"])


def test_comment_arrives_with_its_item_inside(roadmap: BoardPaths) -> None:
    listen(roadmap)
    path = f"{roadmap.item('Print view')}/comments"
    comment = roadmap.api.post(path, {"text": "<p>x</p>"}).json()
    roadmap.api.put(f"{path}/{comment['id']}", {"text": "<p>y</p>"})
    assert ["comment.created", "comment.updated"] == events(roadmap)
    payload = bodies(roadmap)[1]["payload"]
    item = payload.pop("item")
    assert comment | {"text": "<p>y</p>"} == payload
    assert (roadmap.item_ids["Print view"], "folder_id" in item) == (item["id"], True)


def test_hook_covers_only_its_board_and_events(ada: Api, roadmap: BoardPaths) -> None:
    listen(roadmap, "comment.created")
    roadmap.new_item()
    office = ada.board("Office & people")
    ada.post(f"{office.item('Cleaning')}/comments", {"text": "<p>x</p>"})
    assert [] == bodies(roadmap)


def test_refused_write_is_not_announced(roadmap: BoardPaths) -> None:
    listen(roadmap)
    roadmap.api.put(roadmap.item("Print view"), {"values": [roadmap.value("Estimate", "x")]})
    assert [] == bodies(roadmap)


def test_event_can_arrive_twice(switched: Switched) -> None:
    board = switched(hook_deliver_twice=True).board()
    listen(board)
    board.new_item()
    first, second = bodies(board)
    assert first == second


def test_test_delivery_is_empty(roadmap: BoardPaths) -> None:
    hook = listen(roadmap)
    asyncio.run(send_test(roadmap.api.sandbox, hook["id"]))
    assert [[]] == bodies(roadmap)


def test_injected_delivery_gets_everything_and_failing_disables() -> None:
    taken: list[Delivery] = []

    async def deliver(delivery: Delivery) -> bool:
        taken.append(delivery)
        return len(taken) == 2

    board = Api(create_app(Options(hook_disable_after=3), deliver=deliver)).board()
    listen(board)
    for _ in range(8):
        board.new_item()
    # One failure, one success, then three failures in a row: silence.
    assert 5 == len(taken)
    assert list(board.api.sandbox.deliveries) == taken
