from __future__ import annotations

from typing import Any

from mcpserver.sandbox import RITA_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect, at_roadmap

Ids = dict[str, str]
Row = dict[str, Any]

ROW = ["attribute_id", "attribute_name", "attribute_type", "data", "text"]


def rows(item: Agent) -> dict[str, Row]:
    """By attribute name."""
    values = item.result("infinity_get_item_values")["values"]
    return {row["attribute_name"]: row for row in values}


def row(item: Agent, attribute: str) -> Row:
    return item.result("infinity_get_item_attribute_value", attribute_id=attribute)


def test_the_values_of_an_item_are_rows_of_the_same_form(item: Agent, attribute_ids: Ids) -> None:
    whole = item.result("infinity_get_item_values")
    assert item.place["item_id"] == whole["item_id"]
    assert {tuple(ROW)} == {tuple(row) for row in whole["values"]}
    assert attribute_ids["Status"] == rows(item)["Status"]["attribute_id"]


def test_each_kind_of_value_has_a_readable_text(item: Agent) -> None:
    texts = {
        "Name": ("text", "Export a board as CSV"),
        "Status": ("label", "Doing"),
        "Areas": ("label", "Web, API"),
        "Assignee": ("members", "Bob Example"),
        "Created by": ("created_by", "Bob Example"),
        "Due": ("date", "2026-03-06"),
        "Done": ("checkbox", "no"),
        "Estimate": ("number", "8"),
        "Progress": ("progress", "40"),
        "Links": ("links", "https://example.org/specs/csv"),
        "Checklist": ("checklist", "[x] Column picker; [ ] Large boards; [ ] Docs"),
        "Files": ("attachments", "columns.txt"),
        "Votes": ("vote", "7"),
        "ID": ("custom_id", "1"),
        "Time spent": ("time_tracking", ""),
    }
    found = {name: (row["attribute_type"], row["text"]) for name, row in rows(item).items()}
    assert texts == {name: found[name] for name in texts}


def test_long_text_is_read_without_its_html(item: Agent) -> None:
    found = row(item, "Notes")
    assert found["data"].startswith("<p>Asked for by <strong>three</strong> customers.</p>")
    assert [
        "Asked for by **three** customers.",
        "- UTF-8 with BOM for Excel",
        "- One row per item",
    ] == [line for line in found["text"].splitlines() if line]


def test_an_attribute_is_named_by_id_or_by_name(item: Agent, attribute_ids: Ids) -> None:
    by_name = row(item, "Status")
    assert by_name == row(item, attribute_ids["Status"])
    assert by_name == row(item, "status")


def test_an_unknown_attribute_is_told_with_those_that_there_are(item: Agent) -> None:
    told = item.error("infinity_get_item_attribute_value", attribute_id="Statuss")
    assert "there is no attribute 'Statuss'; there are: " in told
    assert "'Status'" in told


def test_a_value_that_was_never_set_is_the_default(board: Agent, folder_ids: Ids) -> None:
    board.result("infinity_create_attribute", name="Size", type="number", default_data=3)
    made = board.result("infinity_create_item", folder_id=folder_ids["Ideas"], name="a")
    item = board.at(item_id=made["id"])
    assert (3, "3") == (row(item, "Size")["data"], row(item, "Size")["text"])
    assert ([], "") == (row(item, "Assignee")["data"], row(item, "Assignee")["text"])
    assert "no" == row(item, "Done")["text"]
    assert "Size" not in rows(item)


def test_a_label_that_is_gone_says_nothing(board: Agent, item: Agent, attribute_ids: Ids) -> None:
    areas = board.at(attribute_id=attribute_ids["Areas"])
    areas.result("infinity_update_attribute", remove_labels=["Web"])
    found = row(item, "Areas")
    assert (2, "API") == (len(found["data"]), found["text"])


def test_the_values_of_many_items_are_rows_by_item(board: Agent, folder_ids: Ids) -> None:
    ideas = board.records("infinity_list_item_values", folder_id=folder_ids["Ideas"])
    assert {("item_id", "values")} == {tuple(each) for each in ideas}
    assert {tuple(ROW)} == {tuple(row) for each in ideas for row in each["values"]}
    assert 5 == len(ideas)
    assert "Offline mode" in texts(ideas)


def test_limit_counts_items_and_the_cursor_goes_on_after_them(board: Agent) -> None:
    whole = board.all_records("infinity_list_item_values")
    assert 25 == len(whole)
    first = board.result("infinity_list_item_values", limit=3)
    assert (3, True) == (len(first["data"]), first["has_more"])
    following = board.result("infinity_list_item_values", limit=3, after=first["after"])
    assert texts(whole[:6]) == texts(first["data"] + following["data"])


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for each in items for row in each["values"]]


def test_the_text_of_values_shows_names_and_readable_texts(item: Agent) -> None:
    lines = item.text("infinity_get_item_values").splitlines()
    for line in ("  Status: Doing", "  Assignee: Bob Example", "  Files: columns.txt"):
        assert line in lines


def test_a_restricted_member_reads_values_with_ids_for_names(connect: Connect) -> None:
    board = at_roadmap(connect(RITA_TOKEN))
    item = board.at(item_id=board.records("infinity_list_items", limit=1)[0]["id"])
    assert "#4243" == row(item, "Assignee")["text"]
    assert "Doing" == rows(item)["Status"]["text"]
    assert board.records("infinity_list_item_values", limit=1)


def test_an_unknown_item_is_told(board: Agent) -> None:
    assert "(404)" in board.error("infinity_get_item_values", item_id="nope")
