"""Damaged records of Infinity are left out and reported; the others are shown."""

from __future__ import annotations

from typing import Any

import pytest

from mcpserver.content.values.merging import DAMAGED
from tests.mcpserver.tools.damaged import (
    ADA,
    GOOD_ITEM,
    ITEM,
    NAME,
    NO_RECORDS,
    NO_VALUES,
    ODD,
    PEOPLE,
    PLACE,
    STATUS,
    TYPES,
    VALUE,
    Ask,
    Calls,
    Record,
    page,
    told,
)
from tests.support import data_of, text_of

LISTS: list[tuple[str, dict[str, Any], str]] = [
    ("infinity_list_workspaces", {}, "/workspaces"),
    ("infinity_list_workspace_members", {"workspace_id": "1"}, "/members"),
    ("infinity_list_boards", {"workspace_id": "1"}, "/boards"),
    ("infinity_list_folders", PLACE, "/folders"),
    ("infinity_list_attributes", PLACE, "/attributes"),
    ("infinity_list_items", PLACE, "/items"),
    ("infinity_list_items", {**PLACE, "expand": ["values.attribute"]}, "/items"),
    ("infinity_list_comments", ITEM, "/comments"),
    ("infinity_list_views", PLACE, "/views"),
    ("infinity_list_hooks", PLACE, "/hooks"),
    ("infinity_list_subitems", {**PLACE, "parent_item_id": "p"}, "/items"),
]


def test_every_list_shows_what_is_sound(ask: Ask) -> None:
    good = {**GOOD_ITEM, "name": "Sound", "settings": []}
    ends = {end for _, _, end in LISTS}
    answers = {end: page(*NO_RECORDS, good) for end in ends}
    results = ask(answers, [(tool, arguments) for tool, arguments, _ in LISTS])
    for result in results:
        assert [good] == data_of(result)["data"]
        assert told(len(NO_RECORDS)) == data_of(result)["notice"]


@pytest.mark.parametrize("format", ["markdown", "json"])
def test_a_list_of_nothing_sound_is_empty(ask: Ask, format: str) -> None:
    calls: Calls = [("infinity_list_boards", {"workspace_id": "1", "response_format": format})]
    (result,) = ask({"/boards": page(*NO_RECORDS)}, calls)
    empty = '"data":[]' if format == "json" else "> 0 records"
    assert told(len(NO_RECORDS)) in text_of(result)
    assert empty in text_of(result)


@pytest.mark.parametrize("cursor", [5, "a", "", None, [], ["a"], {"a": 1}, True])
def test_an_odd_cursor_ends_no_call(ask: Ask, cursor: Any) -> None:
    answers = {"/items": {**page(GOOD_ITEM), "after": cursor}, "/attributes": page(NAME)}
    calls: Calls = [(tool, arguments) for tool, arguments, end in LISTS if end == "/items"]
    for result in ask(answers, calls):
        assert [GOOD_ITEM] == data_of(result)["data"]


READS: Calls = [
    ("infinity_get_item", {**ITEM, "expand": ["values.attribute"]}),
    ("infinity_list_items", {**PLACE, "expand": ["values.attribute"]}),
    ("infinity_get_item_values", ITEM),
    ("infinity_get_item_attribute_value", {**ITEM, "attribute_id": "Name"}),
    ("infinity_list_item_values", PLACE),
]


def test_damaged_values_attributes_labels_and_members_are_left_out(ask: Ask) -> None:
    labels = [*NO_RECORDS, {"id": "l1", "name": "Done"}]
    damaged = {**STATUS, "settings": {"labels": labels}}
    done = {"object": "value", "attribute_id": "a2", "data": ["l1"]}
    people = {"object": "value", "attribute_id": "a3", "data": [4242]}
    item = {**GOOD_ITEM, "values": [*NO_VALUES, VALUE, done, people]}
    answers = {
        "/attributes": page(*NO_RECORDS, NAME, damaged, PEOPLE),
        "/members": page(*NO_RECORDS, ADA),
        "/items": page(item),
        "/items/i1": item,
    }
    results = ask(answers, [*READS, *READS])  # the second time from what was kept
    assert [] == [text_of(result) for result in results if result.is_error]
    for result in (results[2], results[7]):
        texts = {row["attribute_name"]: row["text"] for row in data_of(result)["values"]}
        assert {"Name": "Buy paper", "Status": "Done", "People": "Ada"} == texts
    assert "Buy paper" == data_of(results[3])["text"] == data_of(results[8])["text"]
    first = len(NO_VALUES) + 3 * len(NO_RECORDS)
    assert told(first) == data_of(results[2])["notice"]
    assert told(len(NO_VALUES)) == data_of(results[7])["notice"]


@pytest.mark.parametrize("values", [None, 5, "text", {}, {"a": 1}, True])
def test_values_that_are_no_list_are_none(ask: Ask, values: Any) -> None:
    item = {**GOOD_ITEM, "values": values}
    answers = {"/attributes": page(NAME), "/items": page(item), "/items/i1": item}
    results = ask(answers, READS)
    assert [] == [text_of(result) for result in results if result.is_error]
    assert [] == data_of(results[2])["values"]


@pytest.mark.parametrize("type", TYPES)
def test_odd_data_is_shown_all_the_same(ask: Ask, type: str) -> None:
    attribute = {**STATUS, "type": type, "default_data": [{"a": 1}]}
    items: list[Record] = [
        {"id": f"i{n}", "values": [{"object": "value", "attribute_id": "a2", "data": data}]}
        for n, data in enumerate(ODD)
    ]
    expanded = [
        {**item, "values": [{**item["values"][0], "attribute": attribute}]} for item in items
    ]
    answers = {
        "/attributes": page(NAME, attribute),
        "/members": page(ADA),
        "/items": page(*expanded),
        "/items/i1": expanded[1],
    }
    results = ask(answers, [call for call in READS if call[0] != READS[3][0]])
    assert [] == [text_of(result) for result in results if result.is_error]
    assert len(ODD) == len(data_of(results[1])["data"]) == len(data_of(results[3])["data"])


@pytest.mark.parametrize("odd", ODD)
def test_odd_fields_of_attributes_and_members_end_no_call(ask: Ask, odd: Any) -> None:
    fields = {"name": odd, "type": odd, "settings": odd, "default_data": odd, "email": odd}
    nested = {**STATUS, "id": "a5", "name": "Nested", "settings": {"labels": odd}}
    label = {**STATUS, "settings": {"labels": [{"id": "l1", "name": odd, "color": odd}]}}
    answers = {
        "/attributes": page({"id": "a9", **fields}, nested, NAME, label, PEOPLE),
        "/members": page({"id": 7, **fields}, {"id": "seven", "name": "Seven"}, ADA),
        "/items": page(GOOD_ITEM),
        "/items/i1": GOOD_ITEM,
    }
    update = {**ITEM, "values": {"Name": "a", "Status": ["l1"], "People": ["Ada"]}}
    unknown = {**ITEM, "values": {"Nope": 1, "Status": "Nope", "People": "Nope"}}
    calls = [*READS, ("infinity_update_item", update), ("infinity_update_item", unknown)]
    *results, refused = ask(answers, calls)
    assert [] == [text_of(result) for result in results if result.is_error]
    assert "there is no attribute 'Nope'" in text_of(refused)
    assert "there is no member 'Nope'" in text_of(refused)


def test_what_is_damaged_is_told_where_a_name_is_refused(ask: Ask) -> None:
    answers = {"/attributes": page(*NO_RECORDS, NAME), "/items/i1": GOOD_ITEM}
    calls: Calls = [("infinity_update_item", {**ITEM, "values": {"Nope": 1}})]
    (refused,) = ask(answers, calls)
    assert f"read just now, without {len(NO_RECORDS)} damaged" in text_of(refused)


@pytest.mark.parametrize("odd", ODD)
def test_odd_settings_are_read_and_changed(ask: Ask, odd: Any) -> None:
    uuid = "0c9f4e1a-1111-4c3d-9a55-000000000001"
    attribute = {"id": uuid, "name": "A", "type": "label", "settings": odd}
    view = {"id": "v", "name": "V", "settings": odd}
    folder = {"id": "f", "name": "F", "settings": odd, "attribute_ids": odd}
    answers = {
        f"/attributes/{uuid}": attribute,
        f"/views/{uuid}": view,
        "/folders/m4XcVb9RtQe": folder,
    }
    labels = {"labels": ["New"]}
    calls: Calls = [
        ("infinity_get_attribute", {**PLACE, "attribute_id": uuid}),
        ("infinity_update_attribute", {**PLACE, "attribute_id": uuid, "settings": labels}),
        ("infinity_get_view", {**PLACE, "view_id": uuid}),
        ("infinity_update_view", {**PLACE, "view_id": uuid, "settings": {"a": 1}}),
        ("infinity_get_folder", {**PLACE, "folder_id": "m4XcVb9RtQe"}),
        (
            "infinity_update_folder",
            {**PLACE, "folder_id": "m4XcVb9RtQe", "settings": {"a": 1}, "attribute_ids": [uuid]},
        ),
    ]
    results = ask(answers, calls)
    refused = [text_of(result) for result in results if result.is_error]
    assert ([] if odd in ([], {}, {"a": [1]}) else [DAMAGED] * 3) == refused
