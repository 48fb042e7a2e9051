"""The sandbox's work grows with what it is sent, and not with the square of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.mcpserver.sandbox.api import BoardPaths
from tests.measuring import thread_seconds

FEW, TIMES = 1_500, 8
MOST = 3 * TIMES  # times as long: were it the square, it would be 64 times


def checklist(count: int) -> Any:
    return [{"name": f"entry {n}", "done": False} for n in range(count)]


def same_ids(count: int) -> Any:
    one = str(uuid.UUID(int=1, version=4))
    return [{"name": "entry", "id": one} for _ in range(count)]


def links(count: int) -> Any:
    return [{"url": f"https://example.com/{n}", "name": None} for n in range(count)]


VALUES: list[tuple[str, Callable[[int], Any]]] = [
    ("Checklist", checklist),
    ("Checklist", same_ids),
    ("Links", links),
    ("Links", lambda count: [{"url": "a:" * count}]),
    ("Areas", lambda count: ["no such label"] * count),
    ("Assignee", lambda count: [4242] * count),
    ("Requested by", lambda count: "a@" + "a." * count),
    ("Phone", lambda count: "1" * 100 * count),
    ("Notes", lambda count: "<" * 100 * count),
]


def assert_linear(work: Callable[[int], Any]) -> None:
    work(FEW)  # what is done once is not to count
    few = thread_seconds(lambda: work(FEW))
    assert thread_seconds(lambda: work(FEW * TIMES)) < MOST * few + 0.2


@pytest.mark.parametrize(("attribute", "data"), VALUES)
def test_a_long_value_takes_its_length(
    roadmap: BoardPaths, attribute: str, data: Callable[[int], Any]
) -> None:
    item = roadmap.item("Print view")
    assert_linear(lambda n: roadmap.api.put(item, {"values": [roadmap.value(attribute, data(n))]}))


def test_many_values_take_their_number(roadmap: BoardPaths) -> None:
    item = roadmap.item("Print view")
    assert_linear(lambda n: roadmap.api.put(item, {"values": [roadmap.value("Name", "x")] * n}))


def test_a_folder_with_many_attributes_is_as_fast(roadmap: BoardPaths) -> None:
    item = roadmap.item("Print view")
    sandbox = roadmap.api.sandbox
    folder = sandbox.store.folders.rows[roadmap.api.get(item).json()["folder_id"]]
    ids = list(folder.attribute_ids)

    def write(count: int) -> None:
        folder.attribute_ids = [str(n) for n in range(count)] + ids
        roadmap.api.put(item, {"values": [roadmap.value("Name", "x")]})
        roadmap.api.get(f"{roadmap.path}/items", **{"expand[]": "values", "limit": "100"})

    assert_linear(write)


def test_a_long_web_address_takes_its_length(roadmap: BoardPaths) -> None:
    hook = {"events": ["item.created"]}
    assert_linear(
        lambda n: roadmap.api.post(
            f"{roadmap.path}/hooks", {**hook, "url": "http://" + "a" * n + " "}
        )
    )


def test_a_long_line_of_descendants_takes_its_length(roadmap: BoardPaths) -> None:
    store = roadmap.api.sandbox.store
    root = store.items.rows[roadmap.item("Print view").rpartition("/")[2]]

    def delete(count: int) -> None:
        top = parent = store.items.add(replace(root, id=f"top {count}", deleted=False))
        for n in range(count):
            line = replace(root, id=f"{count}/{n}", parent_id=parent.id, deleted=False)
            parent = store.items.add(line)
        assert roadmap.api.delete(f"{roadmap.path}/items/{top.id}").is_success

    delete(10)
    few = thread_seconds(lambda: delete(300))
    assert thread_seconds(lambda: delete(300 * TIMES)) < MOST * few + 0.2
