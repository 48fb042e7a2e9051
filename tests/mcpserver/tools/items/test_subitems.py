from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from functools import partial

import aiohttp
import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.tools.agent import Agent, Cases
from tests.mcpserver.tools.conftest import WORKSPACE, Connect
from tests.support import Infinity, running_infinity

Ids = dict[str, str]

ITEMS, SUBITEMS = 1000, 37


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infinity]:
    """A sandbox of its own, because what `crowd` makes in it is to stay."""
    with running_infinity(tmp_path_factory.mktemp("crowded")) as running:
        yield running


@pytest.fixture(scope="module")
def place(crowded: Infinity) -> dict[str, str]:
    """An item with 37 sub-items spread over a new board of 1,000 items."""
    return asyncio.run(crowd(crowded.url))


async def crowd(url: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {ADA_TOKEN}", "X-API-Version": "2026-04-20.morava"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as http:

        async def make(path: str, **body: object) -> str:
            async with http.post(f"{url}/workspaces/{WORKSPACE}/{path}", json=body) as answer:
                return str((await answer.json())["id"])

        board = await make("boards", name="Crowded")
        folder = await make(f"boards/{board}/folders", name="All")
        item = partial(make, f"boards/{board}/items", folder_id=folder, values=[])
        parent = await item()
        for number in range(1, ITEMS):
            # The 37th is the last item of the board.
            own = number * SUBITEMS // (ITEMS - 1) > (number - 1) * SUBITEMS // (ITEMS - 1)
            await item(parent_id=parent if own else None)
    return {"workspace_id": WORKSPACE, "board_id": board, "parent_item_id": parent}


@pytest.fixture
def parent(connect: Connect, crowded: Infinity, place: dict[str, str]) -> Agent:
    """At the item with 37 sub-items."""
    return connect(infinity=crowded).at(**place)


@pytest.fixture
def export(item: Agent, board: Agent) -> Agent:
    """At the seed's item with two sub-items."""
    return board.at(parent_item_id=item.place["item_id"])


def walk(parent: Agent, limit: int, **arguments: object) -> list[str]:
    """The ids of all sub-items, by pages of `limit`."""
    ids: list[str] = []
    after = None
    for _ in range(SUBITEMS + 1):
        page = parent.result("infinity_list_subitems", limit=limit, after=after, **arguments)
        ids += [item["id"] for item in page["data"]]
        assert page["has_more"] == (page["after"] is not None)
        if not page["has_more"]:
            return ids
        assert limit == len(page["data"])
        after = page["after"]
    raise AssertionError("The list does not end.")


def test_all_sub_items_of_a_crowded_board_are_found(parent: Agent) -> None:
    page = parent.result("infinity_list_subitems")
    assert SUBITEMS == len({item["id"] for item in page["data"]})
    assert {parent.place["parent_item_id"]} == {item["parent_id"] for item in page["data"]}
    assert (False, None, None) == (page["has_more"], page["before"], page["after"])


@pytest.mark.parametrize("limit", [1, 10, 36])
def test_pages_of_sub_items_neither_lose_nor_repeat(parent: Agent, limit: int) -> None:
    everything = walk(parent, 100)
    assert SUBITEMS == len(everything)
    assert everything == walk(parent, limit)


@pytest.mark.parametrize(("limit", "more"), [(36, True), (37, False), (38, False)])
def test_whether_more_follow_is_right_at_the_end(parent: Agent, limit: int, more: bool) -> None:
    page = parent.result("infinity_list_subitems", limit=limit)
    assert (min(limit, SUBITEMS), more) == (len(page["data"]), page["has_more"])


def test_sub_items_can_be_sorted(parent: Agent) -> None:
    order = {"sort_by": "created_at", "sort_direction": "desc"}
    assert list(reversed(walk(parent, 100))) == walk(parent, 10, **order)


def test_progress_is_reported_when_asked_for(parent: Agent) -> None:
    reported: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reported.append((progress, message))

    parent.call("infinity_list_subitems", progress=note)
    assert [100.0 * page for page in range(1, 11)] == [progress for progress, _ in reported]
    assert (1000.0, "1000 items read, 37 sub-items found") == reported[-1]


def test_archiving_what_a_page_showed_loses_nothing_of_the_next(
    board: Agent, folder_ids: Ids, item: Agent
) -> None:
    parent = board.at(parent_item_id=item.place["item_id"])
    for number in range(4):
        parent.result(
            "infinity_create_subitem", folder_id=folder_ids["Sprint 14"], name=f"Step {number}"
        )
    everything = walk(parent, 100)
    page = parent.result("infinity_list_subitems", limit=3)
    for shown in page["data"]:
        board.result("infinity_archive_item", item_id=shown["id"])
    rest = parent.result("infinity_list_subitems", after=page["after"])
    assert everything[3:] == [each["id"] for each in rest["data"]]


def test_where_the_next_one_is_gone_the_page_is_read_again(export: Agent, board: Agent) -> None:
    first, second = walk(export, 100)
    page = export.result("infinity_list_subitems", limit=1)
    board.result("infinity_archive_item", item_id=second)
    rest = export.result("infinity_list_subitems", after=page["after"])
    assert [first] == [each["id"] for each in rest["data"]]


def test_a_wrong_page_is_refused_and_nothing_is_read(export: Agent) -> None:
    cases: Cases = [
        ({"before": "x"}, "Sub-items can be paged forward only: use after, not before."),
        ({"after": "x"}, "after is not a cursor of this tool"),
        ({"after": "é"}, "after is not a cursor of this tool"),
        ({"after": base64.b64encode(b"[1, 2, 3]").decode()}, "after is not a cursor of this tool"),
        ({"after": base64.b64encode(b'{"a":1,"b":2}').decode()}, "after is not a cursor of this"),
        ({"after": base64.b64encode(b"[null, 3]").decode()}, "after is not a cursor of this tool"),
        ({"limit": 0}, "limit: must be at least 1"),
    ]
    for arguments, told in cases:
        before = len(export.requests())
        assert told in export.error("infinity_list_subitems", **arguments)
        assert before == len(export.requests())


def test_a_cursor_of_another_list_is_refused(export: Agent, board: Agent) -> None:
    cursor = board.result("infinity_list_items", limit=1)["after"]
    told = export.error("infinity_list_subitems", after=cursor)
    assert "after is not a cursor of this tool" in told


def test_a_forged_cursor_is_told(export: Agent) -> None:
    forged = base64.b64encode(json.dumps(["elsewhere", None]).encode()).decode()
    told = export.error("infinity_list_subitems", after=forged)
    assert "after is not a cursor of this tool: leave it out to begin at the start." in told


def test_no_sub_items_and_no_such_item_are_told_apart(export: Agent) -> None:
    (childless, *_) = walk(export, 100)
    assert [] == export.records("infinity_list_subitems", parent_item_id=childless)
    assert "(404)" in export.error("infinity_list_subitems", parent_item_id="nope")


def test_a_folder_narrows_the_search(export: Agent, folder_ids: Ids) -> None:
    inside = export.records("infinity_list_subitems", folder_id=folder_ids["Sprint 14"])
    assert 2 == len(inside)
    assert [] == export.records("infinity_list_subitems", folder_id=folder_ids["Ideas"])


def test_sub_items_can_be_expanded(export: Agent) -> None:
    text = export.text("infinity_list_subitems", expand=["values.attribute"])
    assert " | Column picker | " in text
    assert " | Large boards | " in text


def test_a_new_sub_item_is_found_below_its_parent(export: Agent, folder_ids: Ids) -> None:
    made = export.result(
        "infinity_create_subitem",
        folder_id=folder_ids["Sprint 14"],
        name="Write docs",
        values={"Estimate": "4"},
        values_by_name='{"Status": "Doing", "Assignee": ["bob@example.org"]}',
        sort_order="1",
    )
    listed = export.records("infinity_list_subitems", expand=["values.attribute"])
    (found,) = [each for each in listed if each["id"] == made["id"]]
    assert (export.place["parent_item_id"], "1") == (found["parent_id"], found["sort_order"])
    values = {each["attribute"]["name"]: each["data"] for each in found["values"]}
    assert {"Name": "Write docs", "Estimate": 4, "Assignee": [4243]}.items() <= values.items()


def test_a_wrong_sub_item_is_refused_before_anything_is_sent(export: Agent) -> None:
    cases: Cases = [
        ({"values_by_name": {"Status": "Dooing"}}, "there is no label 'Dooing'; there are: "),
        ({"values": {"Nope": 1}}, "there is no attribute 'Nope'; there are: "),
        ({"parent_id": "i"}, "parent_id is not a parameter"),
        ({"folder_id": None}, "folder_id is required"),
    ]
    for arguments, told in cases:
        assert told in export.refused(
            "infinity_create_subitem", **{"folder_id": "m4XcVb9RtQe", **arguments}
        )


def test_an_unknown_parent_is_told(export: Agent, folder_ids: Ids) -> None:
    place = {"folder_id": folder_ids["Sprint 14"], "parent_item_id": "nope"}
    told = export.error("infinity_create_subitem", name="a", **place)
    assert "Infinity says: parent_id: " in told
