"""`clear` names the fields that an update empties, alone or beside other changes."""

from __future__ import annotations

from typing import Any

import pytest

from mcpserver.content.values.caps import CAPS
from mcpserver.tools import all_tools
from tests.mcpserver.tools.agent import Agent

pytestmark = pytest.mark.usefixtures("board")

# Each update that can empty something: where, the tool, another change, and all it can empty.
Update = tuple[str, str, dict[str, Any], list[str]]
UPDATES: list[Update] = [
    ("subitem", "infinity_update_item", {"sort_order": "5"}, ["parent_id"]),
    ("reply", "infinity_update_comment", {"text": "Third."}, ["parent_id"]),
    ("subfolder", "infinity_update_folder", {"name": "Other"}, ["color", "parent_id"]),
    ("size", "infinity_update_attribute", {"name": "Other"}, ["default_data"]),
    (
        "entry",
        "infinity_update_time_entry",
        {},
        ["started_at", "ended_at", "description"],
    ),
]
updates = pytest.mark.parametrize(("place", "tool", "change", "fields"), UPDATES)


@pytest.fixture
def agent_at(request: pytest.FixtureRequest, place: str) -> Agent:
    agent: Agent = request.getfixturevalue(place)
    return agent


def test_exactly_the_updates_with_something_to_empty_list_clear() -> None:
    listed = {
        tool.name: tool.parameters["properties"]["clear"]["items"]["enum"]
        for tool in all_tools()
        if "clear" in tool.parameters["properties"]
    }
    assert {tool: fields for _, tool, _, fields in UPDATES} == listed
    accepting = {
        tool.name for tool in all_tools() if "clear" in tool.fn_metadata.arg_model.model_fields
    }
    assert accepting == listed.keys()


@updates
def test_clear_alone_empties_what_it_names(
    agent_at: Agent, tool: str, change: dict[str, Any], fields: list[str]
) -> None:
    cleared = fields[-1:]
    result = agent_at.result(tool, clear=cleared)
    assert [None] == [result[name] for name in cleared]
    assert f"Cleared: {cleared[0]}." == result["notice"]


@pytest.mark.parametrize(
    ("place", "tool", "change", "clear"),
    [
        ("subitem", "infinity_update_item", {"title": "New", "sort_order": "5"}, ["parent_id"]),
        ("reply", "infinity_update_comment", {"text": "Third."}, ["parent_id"]),
        ("subfolder", "infinity_update_folder", {"name": "Other"}, ["parent_id", "color"]),
        ("subfolder", "infinity_update_folder", {"color": "#abcdef"}, ["parent_id"]),
        ("size", "infinity_update_attribute", {"name": "Other"}, ["default_data"]),
        ("entry", "infinity_update_time_entry", {"description": "Talk"}, ["ended_at"]),
    ],
)
def test_clear_works_beside_other_changes(
    agent_at: Agent, tool: str, change: dict[str, Any], clear: list[str]
) -> None:
    result = agent_at.result(tool, **change, clear=clear)
    assert [None] * len(clear) == [result[name] for name in clear]
    assert f"Cleared: {', '.join(clear)}." == result["notice"]
    (write,) = [request for request in agent_at.writes() if request["method"] == "PUT"][-1:]
    assert write
    for name in change.keys() - {"title", "text"}:
        assert str(change[name]).lower() in str(result[name]).lower()


@pytest.mark.parametrize(
    "clear",
    [
        ["color", "parent_id"],
        '["color", "parent_id"]',
        ' ["color","parent_id"] ',
        '```json\n["color", "parent_id"]\n```',
        "['color', 'parent_id']",
        "[color, parent_id]",
        "color, parent_id",
        "color,parent_id",
        "color parent_id",
        "color; parent_id",
        "color\nparent_id\n",
        "(color, parent_id,)",
        [" color ", "parent_id"],
        ["color, parent_id"],
        ["color", "", "parent_id", " "],
    ],
)
def test_clear_is_taken_in_every_form_of_a_list(subfolder: Agent, clear: Any) -> None:
    result = subfolder.result("infinity_update_folder", name="Other", clear=clear)
    assert ("Other", None, None) == (result["name"], result["color"], result["parent_id"])
    assert "Cleared: color, parent_id." == result["notice"]


@pytest.mark.parametrize(
    "clear", ["color", "[color]", ' "color" ', ["color"], '["color"]', "'color'", "color\u200b"]
)
def test_one_name_may_stand_alone(subfolder: Agent, clear: Any) -> None:
    result = subfolder.result("infinity_update_folder", clear=clear)
    assert (None, "Cleared: color.") == (result["color"], result["notice"])
    assert result["parent_id"]


@pytest.mark.parametrize(
    "empty", [None, "", " ", "[]", [], {}, "{}", "null", [""], ["", " "], '[""]']
)
def test_an_empty_clear_counts_as_left_out(subfolder: Agent, empty: Any) -> None:
    before = subfolder.result("infinity_get_folder")
    result = subfolder.result("infinity_update_folder", name="Other", clear=empty)
    assert "notice" not in result
    assert (before["color"], before["parent_id"]) == (result["color"], result["parent_id"])
    told = subfolder.refused("infinity_update_folder", clear=empty)
    assert "Nothing was changed: give at least one thing to change" in told


@pytest.mark.parametrize("empty", [None, "", [], "null"])
def test_null_alone_clears_beside_an_empty_clear(size: Agent, empty: Any) -> None:
    result = size.result("infinity_update_attribute", default_data=None, clear=empty)
    assert (None, "Cleared: default_data.") == (result["default_data"], result["notice"])


@pytest.mark.parametrize("null", [None, ""])
def test_null_or_nothing_for_a_field_that_is_cleared_agrees_with_it(
    subfolder: Agent, null: Any
) -> None:
    before = subfolder.result("infinity_get_folder")
    result = subfolder.result(
        "infinity_update_folder", color=null, parent_id=null, clear=["color"], settings=None
    )
    assert (None, before["parent_id"]) == (result["color"], result["parent_id"])
    left_out = "Left out, being empty beside other changes: parent_id. "
    assert (
        f'{left_out}To empty parent_id, send clear=["parent_id"]. Cleared: color.'
        == result["notice"]
    )


@pytest.mark.parametrize(
    ("clear", "fault"),
    [
        (["colour"], "colour is not a field of this tool"),
        (["Color"], "Color is not a field of this tool"),
        (["color", "folder"], "folder is not a field of this tool"),
        ("color, nope", "nope is not a field of this tool"),
        (["response format"], "'response format' is not a field of this tool"),
        ("€", "'€' is not a field of this tool"),
        (["name"], "name cannot be emptied"),
        (["settings", "color"], "settings cannot be emptied"),
        (["clear"], "clear cannot be emptied"),
        (["response_format"], "response_format cannot be emptied"),
        (["folder_id"], "folder_id cannot be emptied because it is required"),
        (["workspace_id", "board_id"], "board_id cannot be emptied because it is required"),
        (["color", "color"], "color is named twice"),
        ("color, parent_id, color", "color is named twice"),
        ([1], "must be a list of names"),
        ([None], "must be a list of names"),
        ([["color"]], "must be a list of names"),
        ({"color": True}, "must be a list of names"),
        ('{"color": null}', "must be a list of names"),
        (True, "must be a list of names"),
        (7, "must be a list of names"),
        (1.5, "must be a list of names"),
    ],
)
def test_a_wrong_clear_is_refused_with_what_it_takes(
    subfolder: Agent, clear: Any, fault: str
) -> None:
    told = subfolder.refused("infinity_update_folder", name="Other", clear=clear)
    assert told.startswith("Wrong arguments: clear: ")
    assert fault in told
    assert told.endswith(". It takes color, parent_id.")


@pytest.mark.parametrize("value", ["#ABCDEF", "red"])
def test_a_field_that_is_set_and_cleared_is_refused(subfolder: Agent, value: str) -> None:
    told = subfolder.refused("infinity_update_folder", color=value, clear="color, parent_id")
    assert "clear: color is also set: either set it or clear it. It takes" in told


@pytest.mark.parametrize("value", [0, False, "0", [1]])
def test_a_default_that_is_set_and_cleared_is_refused(size: Agent, value: Any) -> None:
    told = size.refused("infinity_update_attribute", default_data=value, clear=["default_data"])
    assert "default_data is also set" in told


def test_every_fault_of_clear_is_told(subfolder: Agent) -> None:
    told = subfolder.refused(
        "infinity_update_folder", color="#ABCDEF", clear=["nope", "name", "color", "color"]
    )
    faults = ["nope is not", "name cannot be", "color is also set", "color is named twice"]
    assert [] == [fault for fault in faults if fault not in told]


@pytest.mark.parametrize(
    ("clear", "shown"),
    [
        (["Due"], '"Due"'),
        ("Due date", '"Due date"'),
        (["parent_id", "Due date"], '"Due date"'),
        (['Say "hi"'], '"Say \\"hi\\""'),
        (["title"], '"…"'),
        (["values"], '"…"'),
    ],
)
def test_clearing_a_value_is_answered_with_how_to_empty_it(
    subitem: Agent, clear: Any, shown: str
) -> None:
    told = subitem.refused("infinity_update_item", sort_order="5", clear=clear)
    assert f'To empty a value, send values=[{{"attribute": {shown}, "value": ""}}].' in told
    assert "It takes parent_id." in told


@pytest.mark.parametrize("name", ["item_id", "folder_id", "sort_order"])
def test_what_is_no_value_gets_no_such_hint(subitem: Agent, name: str) -> None:
    assert "To empty a value" not in subitem.refused("infinity_update_item", clear=[name])


@pytest.mark.parametrize(
    "attribute", ["Name", "Status", "Due", "Assignee", "Areas", "Estimate", "Links", "Checklist"]
)
def test_the_hint_works(item: Agent, attribute: str) -> None:
    item.result("infinity_update_item", values=[{"attribute": attribute, "value": ""}])
    assert item.values(item.place["item_id"])[attribute] in (None, "", [])


@pytest.mark.parametrize(
    ("tool", "wrong"),
    [
        ("infinity_create_folder", {"name": "New"}),
        ("infinity_update_view", {"view_id": "v", "name": "New"}),
        ("infinity_update_hook", {"hook_id": "h", "url": "https://example.org/"}),
    ],
)
def test_tools_that_empty_nothing_refuse_clear(
    board: Agent, tool: str, wrong: dict[str, Any]
) -> None:
    assert "clear is not a parameter" in board.refused(tool, **wrong, clear=["color"])


def test_clear_has_limits(subfolder: Agent) -> None:
    cap = CAPS["clear"]
    for clear in [
        "x" * (cap.characters + 1),
        ["x" * (cap.characters + 1)],
        ["x"] * (cap.entries + 1),
    ]:
        told = subfolder.refused("infinity_update_folder", clear=clear)
        assert "clear: takes at most" in told


def test_several_parts_are_emptied_at_once(entry: Agent) -> None:
    result = entry.result("infinity_update_time_entry", clear=["ended_at", "description"])
    assert (None, None) == (result["ended_at"], result["description"])
    assert result["started_at"]
    assert "Cleared: ended_at, description." == result["notice"]
