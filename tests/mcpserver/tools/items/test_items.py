"""Items; what their values may look like is in tests/mcpserver/content/test_item_values.py."""

from __future__ import annotations

import httpx2
import pytest

from tests.mcpserver.tools.agent import Agent, Cases
from tests.mcpserver.tools.conftest import Connect

Ids = dict[str, str]
# As agents write them, and as Infinity has them afterwards.
WRITTEN = {
    "Name": "Buy paper",
    "Assignee": "ada@example.org",
    "Due": "2026-12-01",
    "Done": False,
    "Estimate": "2.5",
    "Notes": "**Soon**",
    "Requested by": "ops@example.net",
}
STORED = {
    **WRITTEN,
    "Assignee": [4242],
    "Estimate": 2.5,
    "Notes": "<p><strong>Soon</strong></p>",
}


@pytest.fixture
def backlog(board: Agent, folder_ids: Ids) -> Agent:
    return board.at(folder_id=folder_ids["Backlog"])


def label_of(board: Agent, item_id: str) -> str:
    row = board.result("infinity_get_item_attribute_value", item_id=item_id, attribute_id="Status")
    return str(row["text"])


def test_values_by_name_work_on_create(board: Agent, backlog: Agent) -> None:
    item = backlog.result("infinity_create_item", values_by_name={**WRITTEN, "Status": "Doing"})
    assert STORED.items() <= board.values(item["id"]).items()
    assert "Doing" == label_of(board, item["id"])


def test_values_by_name_work_on_update(board: Agent, item: Agent) -> None:
    item.result("infinity_update_item", values_by_name={**WRITTEN, "Status": "Blocked"})
    values = board.values(item.place["item_id"])
    assert {**STORED, "Progress": 40, "Votes": 7}.items() <= values.items()
    assert "Blocked" == label_of(board, item.place["item_id"])


def test_values_may_be_keyed_by_id_or_name_and_spelled_as_json_text(
    board: Agent, backlog: Agent, attribute_ids: Ids
) -> None:
    item = backlog.result(
        "infinity_create_item",
        values={attribute_ids["Estimate"]: 3, "Progress": 10},
        values_by_name='{"Areas": ["Web", "API"]}',
        title="Buy paper",
    )
    values = board.values(item["id"])
    assert {"Name": "Buy paper", "Estimate": 3, "Progress": 10}.items() <= values.items()
    assert 2 == len(values["Areas"])


@pytest.mark.parametrize("tool", ["infinity_create_item", "infinity_update_item"])
def test_a_misspelt_name_is_refused_with_the_valid_ones(
    item: Agent, backlog: Agent, tool: str
) -> None:
    agent = backlog if "create" in tool else item
    wrong = {"Status": "Dooing", "Assignee": "zed", "Statuss": "Done"}
    told = agent.refused(tool, values_by_name=wrong)
    assert "Nothing was written" in told
    assert "there is no label 'Dooing'; there are: 'To do', 'Doing', 'Done', 'Blocked'" in told
    assert "there is no member 'zed'; there are: 'Ada Example'" in told
    assert "there is no attribute 'Statuss'; there are: " in told


def test_what_the_texts_of_an_item_lose_is_said(
    item: Agent, board: Agent, folder_ids: Ids, attribute_ids: Ids
) -> None:
    lossy = '<p id="q">a <iframe src="https://v.org/x"></iframe></p>'
    lost = "When stored, texts lose embedded media and the attribute id."
    by_id, by_name = (
        {"values": {attribute_ids["Notes"]: lossy}},
        {"values_by_name": {"Notes": lossy}},
    )
    new = {"name": "New", "folder_id": folder_ids["Backlog"]}
    child = board.at(parent_item_id=item.place["item_id"])
    for notes in (by_id, by_name):
        assert lost == item.result("infinity_update_item", **notes)["notice"]
        assert lost == board.result("infinity_create_item", **new, **notes)["notice"]
        assert lost == child.result("infinity_create_subitem", **new, **notes)["notice"]
    assert f"> {lost}\n" in item.text("infinity_update_item", **by_name)
    for kept in (WRITTEN, {"Notes": "`<p id='q'>`"}, {"Name": lossy}):
        assert "notice" not in item.result("infinity_update_item", values=kept)


def test_an_item_moves_between_folders_and_parents(
    board: Agent, item: Agent, folder_ids: Ids
) -> None:
    other = board.records("infinity_list_items", folder_id=folder_ids["Ideas"])[0]["id"]
    moved = board.at(item_id=other)
    parent, folder = item.place["item_id"], folder_ids["Sprint 14"]
    moved.result("infinity_update_item", parent_id=parent, folder_id=folder)
    read = moved.result("infinity_get_item")
    assert (parent, folder) == (read["parent_id"], read["folder_id"])
    moved.result("infinity_update_item", parent_id=None)
    read = moved.result("infinity_get_item")
    assert (None, folder) == (read["parent_id"], read["folder_id"])


def test_null_for_what_cannot_be_null_changes_nothing(item: Agent) -> None:
    before = item.result("infinity_get_item")
    nulls = dict.fromkeys(("folder_id", "values", "values_by_name", "name", "title"))
    item.result("infinity_update_item", sort_order="5", **nulls)
    assert {**before, "sort_order": "5"} == item.result("infinity_get_item")


def test_a_wrong_update_is_refused_before_anything_is_sent(item: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"values": {}, "values_by_name": "{}"}, "give at least one thing to change"),
        ({"values": "{'Name': 'single quotes'}"}, "values: takes a list such as [{"),
        ({"values": [{"attribute_id": "a", "data": 1}]}, "values: each entry names its attribute"),
        ({"name": "a", "title": "b"}, "name and title mean the same here"),
        ({"folder_id": " "}, "folder_id: is empty"),
    ]
    for changes, told in cases:
        assert told in item.refused("infinity_update_item", **changes)


def test_an_unknown_place_is_told(backlog: Agent, board: Agent) -> None:
    told = backlog.error("infinity_create_item", name="a", parent_id="nope")
    assert "Infinity says: parent_id: " in told
    told = board.error("infinity_create_item", name="a", folder_id="zzzzzzzzzz1")
    assert "Infinity says: folder_id: " in told


def test_what_an_item_belongs_to_can_be_expanded(board: Agent, item: Agent) -> None:
    plain = item.result("infinity_get_item")
    assert not {"values", "folder"} & plain.keys()
    whole = item.result(
        "infinity_get_item", expand=["values", "values.attribute", "folder", "created_by"]
    )
    assert ("Sprint 14", "Bob Example") == (whole["folder"]["name"], whole["created_by"]["name"])
    (listed,) = board.records("infinity_list_items", expand='["values.attribute"]', limit=1)
    names = [value["attribute"]["name"] for value in whole["values"]]
    assert names == [value["attribute"]["name"] for value in listed["values"]]
    assert "Name" in names


def test_items_are_listed_by_folder(board: Agent, folder_ids: Ids) -> None:
    ideas = board.records("infinity_list_items", folder_id=folder_ids["Ideas"])
    assert (5, {folder_ids["Ideas"]}) == (len(ideas), {each["folder_id"] for each in ideas})


def test_a_list_of_items_as_text_shows_titles_and_labels(board: Agent) -> None:
    for expand in ("values", "values.attribute"):
        lines = board.text("infinity_list_items", limit=1, expand=[expand]).splitlines()
        assert lines[0].startswith("> 1 record; more follow with after=")
        header, row = (line.split(" | ") for line in (lines[1], lines[3]))
        shown = dict(zip(header, row, strict=False))
        expected = {"Name": "Export a board as CSV", "Status": "Doing", "Due": "2026-03-06"}
        assert expected.items() <= shown.items()


def test_an_archived_item_is_in_the_trash_with_its_sub_items(board: Agent, item: Agent) -> None:
    assert 25 == len(board.records("infinity_list_items"))
    archived = item.result("infinity_archive_item")
    assert (True, "Export a board as CSV") == (archived["deleted"], archived["title"])
    assert archived["url"].endswith(f"/{archived['folder_id']}/{archived['id']}")
    assert 22 == len(board.records("infinity_list_items"))
    assert "deleted: true" in item.text("infinity_get_item")
    assert "(404)" in item.error("infinity_update_item", name="a")


def set_fault(agent: Agent, fault: str, path: str) -> None:
    given = {"fault": fault, "method": "GET", "path": path}
    httpx2.post(f"{agent.infinity.control}/fault", json=given).raise_for_status()


@pytest.mark.parametrize("fault", ["rate_429_huge", "gateway_502"])
def test_an_item_that_cannot_be_named_now_is_not_archived(item: Agent, fault: str) -> None:
    set_fault(item, fault, "*/items/*")
    assert "Nothing was archived." in item.refused("infinity_archive_item")


def test_an_item_that_may_not_be_read_is_archived_without_its_title(item: Agent) -> None:
    set_fault(item, "forbidden_403", "*/items/*")
    archived = item.result("infinity_archive_item")
    assert (True, False) == (archived["deleted"], "title" in archived)


def test_infinitys_words_are_in_no_notice_of_a_write(connect: Connect, item: Agent) -> None:
    stranger = connect().at(**item.place)  # has no list of attributes yet
    set_fault(item, "invalid_422", "*/attributes")
    told = stranger.result("infinity_archive_item")["notice"]
    assert told.startswith("It is done. The title and what changed are not shown")
    assert "Infinity says" not in told
