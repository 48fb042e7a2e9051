"""What models send for parameters that they do not use (null, "", [], {}) changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent

pytestmark = pytest.mark.usefixtures("board")

Case = tuple[str, str, dict[str, Any], dict[str, Any], str]
# Where, the tool, its one change, what several models send along, and what that would have cleared.
CASES: list[Case] = [
    (
        "subitem",
        "infinity_update_item",
        {"sort_order": "5"},
        dict.fromkeys(("folder_id", "parent_id", "values", "values_by_name", "name", "title")),
        "parent_id",
    ),
    ("reply", "infinity_update_comment", {"text": "Third."}, {"parent_id": None}, "parent_id"),
    (
        "subfolder",
        "infinity_update_folder",
        {"name": "Other"},
        dict.fromkeys(("color", "parent_id", "attribute_ids", "sort_order", "settings")),
        "color, parent_id",
    ),
    (
        "size",
        "infinity_update_attribute",
        {"name": "Other"},
        dict.fromkeys(("type", "default_data", "settings", "remove_labels")),
        "default_data",
    ),
    (
        "entry",
        "infinity_update_time_entry",
        {"description": "Talk"},
        dict.fromkeys(("item_id", "attribute_id", "started_at", "ended_at")),
        "started_at, ended_at",
    ),
]
READ = {
    "subitem": "infinity_get_item",
    "reply": "infinity_get_comment",
    "subfolder": "infinity_get_folder",
    "size": "infinity_get_attribute",
}


@pytest.mark.parametrize(("place", "tool", "change", "nulls", "kept"), CASES)
@pytest.mark.parametrize("null_first", [True, False])
def test_null_beside_another_change_clears_nothing_and_is_told(
    request: pytest.FixtureRequest,
    place: str,
    tool: str,
    change: dict[str, Any],
    nulls: dict[str, None],
    kept: str,
    null_first: bool,
) -> None:
    agent: Agent = request.getfixturevalue(place)
    before = agent.result(READ[place]) if place in READ else None
    arguments = {**nulls, **change} if null_first else {**change, **nulls}
    result = agent.result(tool, **arguments)
    names = kept.split(", ")
    told = (
        f"Left out, being empty beside other changes: {kept}. "
        f"To empty {' and '.join(names)}, send clear={json.dumps(names)}."
    )
    assert told == result["notice"]
    if before:
        after = agent.result(READ[place])
        assert {*change} == {key for key in after if after[key] != before[key]}
    else:
        assert result["ended_at"] == "2026-02-03T06:30:00.000000Z"
    assert agent.text(tool, **arguments).startswith(f"> {told}\n")


@pytest.mark.parametrize(
    ("place", "tool", "name", "cleared"),
    [
        ("subitem", "infinity_update_item", "parent_id", None),
        ("reply", "infinity_update_comment", "parent_id", None),
        ("subfolder", "infinity_update_folder", "parent_id", None),
        ("subfolder", "infinity_update_folder", "color", None),
        ("size", "infinity_update_attribute", "default_data", None),
        ("entry", "infinity_update_time_entry", "ended_at", None),
        ("entry", "infinity_update_time_entry", "description", None),
    ],
)
def test_null_alone_clears(
    request: pytest.FixtureRequest,
    place: str,
    tool: str,
    name: str,
    cleared: Any,
) -> None:
    agent: Agent = request.getfixturevalue(place)
    result = agent.result(tool, **{name: None})
    assert (cleared, f"Cleared: {name}.") == (result[name], result["notice"])


@pytest.mark.parametrize("format", [None, "", "markdown"])
def test_null_alone_clears_in_every_format(subfolder: Agent, format: str | None) -> None:
    text = subfolder.text("infinity_update_folder", color=None, response_format=format)
    assert text.startswith("> Cleared: color.\n")
    assert subfolder.result("infinity_get_folder")["color"] is None


@pytest.mark.parametrize(
    ("place", "tool", "empty"),
    [
        ("subitem", "infinity_update_item", {"title": "", "name": "", "values": {}}),
        ("subitem", "infinity_update_item", {"folder_id": ""}),
        ("subitem", "infinity_update_item", {"values": "null"}),
        ("subitem", "infinity_update_item", {"title": None}),
        ("reply", "infinity_update_comment", {"text": ""}),
        ("subfolder", "infinity_update_folder", {"attribute_ids": []}),
        ("subfolder", "infinity_update_folder", {"settings": "{}", "response_format": ""}),
    ],
)
@pytest.mark.parametrize("null_first", [True, False])
def test_null_among_empty_arguments_clears_nothing(
    request: pytest.FixtureRequest,
    place: str,
    tool: str,
    empty: dict[str, Any],
    null_first: bool,
) -> None:
    agent: Agent = request.getfixturevalue(place)
    before = agent.result(READ[place])
    null = {"parent_id": None}
    told = agent.refused(tool, **({**null, **empty} if null_first else {**empty, **null}))
    assert "Nothing was changed: give at least one thing to change" in told
    assert 'To empty parent_id, send clear=["parent_id"].' in told
    assert before == agent.result(READ[place])


@pytest.mark.parametrize(
    ("place", "tool", "nulls", "clear"),
    [
        ("subitem", "infinity_update_item", ("parent_id", "folder_id"), '["parent_id"]'),
        ("subfolder", "infinity_update_folder", ("parent_id", "color"), '["parent_id", "color"]'),
        (
            "entry",
            "infinity_update_time_entry",
            ("ended_at", "description"),
            '["ended_at", "description"]',
        ),
        ("size", "infinity_update_attribute", ("default_data", "name"), '["default_data"]'),
    ],
)
def test_several_nulls_and_no_change_are_refused(
    request: pytest.FixtureRequest, place: str, tool: str, nulls: tuple[str, ...], clear: str
) -> None:
    told = request.getfixturevalue(place).refused(tool, **dict.fromkeys(nulls))
    assert f"What is null or empty counts as left out ({', '.join(nulls)}). To empty " in told
    assert told.endswith(f"send clear={clear}.")


@pytest.mark.parametrize("empty", ["", " ", "\t\n", "\u200b"])
@pytest.mark.parametrize("parameter", ["name", "title"])
def test_an_empty_title_counts_as_left_out(item: Agent, parameter: str, empty: str) -> None:
    before = item.values(item.place["item_id"])["Name"]
    done = item.result("infinity_update_item", values={"Progress": 50}, **{parameter: empty})
    told = f"Left out, being empty beside other changes: {parameter}."
    assert told == done["notice"]
    after = item.values(item.place["item_id"])
    assert (before, 50) == (after["Name"], after["Progress"])
    told = item.refused("infinity_update_item", **{parameter: empty})
    assert "Nothing was changed: give at least one thing to change" in told


def test_an_empty_title_beside_the_other_word_for_it_counts_as_left_out(item: Agent) -> None:
    item.result("infinity_update_item", name="", title="Buy paper")
    assert "Buy paper" == item.values(item.place["item_id"])["Name"]


@pytest.mark.parametrize(("empty", "stored"), [("", ""), (None, "")])
def test_what_stands_inside_values_is_meant_as_it_stands(
    item: Agent, empty: str | None, stored: str
) -> None:
    values: dict[str, Any] = {
        "Name": empty,
        "Assignee": None,
        "Due": "",
        "Areas": [],
        "Estimate": None,
    }
    item.result("infinity_update_item", values=values, title=None, name="")
    after = item.values(item.place["item_id"])
    assert (stored, [], None, [], None) == tuple(after[name] for name in values)


@pytest.mark.parametrize(
    ("place", "tool", "change", "empty"),
    [
        (
            "subitem",
            "infinity_update_item",
            {"sort_order": "5"},
            {"folder_id": "", "parent_id": "", "values": {}, "values_by_name": "{}", "title": ""},
        ),
        ("reply", "infinity_update_comment", {"text": "Third."}, {"parent_id": ""}),
        (
            "subfolder",
            "infinity_update_folder",
            {"name": "Other"},
            {"color": "", "parent_id": "", "attribute_ids": [], "settings": {}, "sort_order": ""},
        ),
        (
            "size",
            "infinity_update_attribute",
            {"name": "Other"},
            {"type": "", "default_data": "", "settings": "{}", "remove_labels": "[]"},
        ),
    ],
)
def test_what_is_empty_counts_as_left_out(
    request: pytest.FixtureRequest,
    place: str,
    tool: str,
    change: dict[str, Any],
    empty: dict[str, Any],
) -> None:
    agent: Agent = request.getfixturevalue(place)
    before = agent.result(READ[place])
    notice = agent.result(tool, **change, **empty)["notice"]
    after = agent.result(READ[place])
    assert {*change} == {key for key in after if after[key] != before[key]}
    assert [] == [name for name in empty if name not in notice]


NOTHING_AS_JSON = ["null", " null\n", '""', "[]", " []\n", "{}", "{ }"]


@pytest.mark.parametrize("text", NOTHING_AS_JSON)
def test_text_that_spells_null_or_nothing_counts_as_left_out(size: Agent, text: str) -> None:
    result = size.result("infinity_update_attribute", name="New", default_data=text, settings=text)
    assert ("New", 3) == (result["name"], result["default_data"])
    assert "Left out, being empty beside other changes: default_data" in result["notice"]


@pytest.mark.parametrize("text", NOTHING_AS_JSON)
def test_every_parameter_that_holds_json_is_left_out_when_it_spells_nothing(
    board: Agent, item: Agent, subfolder: Agent, text: str
) -> None:
    item.result("infinity_update_item", title="New", values=text, values_by_name=text)
    assert "New" == item.values(item.place["item_id"])["Name"]
    before = subfolder.result("infinity_get_folder")["settings"]
    done = subfolder.result("infinity_update_folder", name="New", settings=text)
    assert ("New", before) == (done["name"], done["settings"])
    hook = board.result(
        "infinity_create_hook", url="https://a.example.org/", events=[{"event": "item.created"}]
    )
    changed = board.at(hook_id=hook["id"]).result(
        "infinity_update_hook", url="https://b.example.org/", events=text
    )
    assert hook["events"] == changed["events"]
    made = board.result("infinity_create_attribute", name="N", type="number", default_data=text)
    assert made["default_data"] is None


@pytest.mark.parametrize("text", ["null", " null "])
def test_null_as_text_alone_clears(size: Agent, text: str) -> None:
    assert size.result("infinity_update_attribute", default_data=text)["default_data"] is None
