"""What is listed in a typed form is accepted in its free forms too, with the same outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases
from tests.support import text_of

Ids = dict[str, str]
Entries = list[dict[str, Any]]

# The same values as they are listed, and as {attribute: value}.
TYPED: Entries = [
    {"attribute": "Name", "value": "Buy paper"},
    {"attribute": "Status", "value": "Doing"},
    {"attribute": "Assignee", "list": ["ada@example.org", "Bob Example"]},
    {"attribute": "Due", "value": "2026-12-01"},
    {"attribute": "Done", "value": "true"},
    {"attribute": "Priority", "list": ["High"]},
    {"attribute": "Estimate", "value": "2.5"},
    {"attribute": "Notes", "value": "**Soon**"},
    {"attribute": "Areas", "list": ["Web", "API"]},
    {"attribute": "Progress", "value": "40"},
    {"attribute": "Confidence", "value": "4"},
    {"attribute": "Requested by", "value": "ops@example.net"},
    {"attribute": "Phone", "value": "+49 30 5550100"},
    {"attribute": "Links", "list": ["https://example.org/a", "https://example.org/b"]},
    {"attribute": "Checklist", "list": ["Order", "Collect"]},
    {"attribute": "Votes", "value": "7"},
]
FREE = {
    "Name": "Buy paper",
    "Status": "Doing",
    "Assignee": ["ada@example.org", "Bob Example"],
    "Due": "2026-12-01",
    "Done": True,
    "Priority": "High",
    "Estimate": 2.5,
    "Notes": "**Soon**",
    "Areas": ["Web", "API"],
    "Progress": 40,
    "Confidence": 4,
    "Requested by": "ops@example.net",
    "Phone": "+49 30 5550100",
    "Links": ["https://example.org/a", "https://example.org/b"],
    "Checklist": ["Order", "Collect"],
    "Votes": 7,
}
EMPTYING: Entries = [
    {"attribute": name, "value": ""} for name in FREE if name not in ("Name", "Done")
]
EMPTIED = {entry["attribute"]: None for entry in EMPTYING}
FORMS: dict[str, Any] = {
    "entries": TYPED,
    "entries as text": json.dumps(TYPED),
    "each entry as text": [json.dumps(entry) for entry in TYPED],
    "entries with every key": [{"value": None, "list": None, **entry} for entry in TYPED],
    "entries with empty keys": [{"value": "", "list": [], **entry} for entry in TYPED],
    "entries with JSON's types": [
        {"attribute": "Estimate", "value": 2.5},
        {"attribute": "Done", "value": True},
        {"attribute": "Areas", "list": '["Web", "API"]'},
        *(entry for entry in TYPED if entry["attribute"] not in ("Estimate", "Done", "Areas")),
    ],
    "object": FREE,
    "object as text": f" {json.dumps(FREE)}\n",
    "entries in a block": f"```json\n{json.dumps(TYPED, indent=1)}\n```",
    "object in a block": f"\n```\n{json.dumps(FREE)}\n```\n",
}


def without_own_ids(values: dict[str, Any]) -> dict[str, Any]:
    """The values without the ids that each entry of a list gets when it is written."""
    return {
        name: [{**entry, "id": None} for entry in data] if name in ("Links", "Checklist") else data
        for name, data in values.items()
        if name in FREE
    }


@pytest.fixture
def places(board: Agent, item: Agent, folder_ids: Ids) -> dict[str, dict[str, Any]]:
    """The tools that write values, and where each is to write."""
    backlog, parent = {"folder_id": folder_ids["Backlog"]}, item.place["item_id"]
    made = board.result("infinity_create_item", **backlog)
    return {
        "infinity_create_item": backlog,
        "infinity_create_subitem": {**backlog, "parent_item_id": parent},
        "infinity_update_item": {"item_id": made["id"]},
    }


def test_every_tool_that_writes_values_takes_each_form_of_them(
    board: Agent, places: dict[str, dict[str, Any]]
) -> None:
    listed = board.portal.call(board.client.list_tools).tools
    assert {t.name for t in listed if "values" in t.input_schema["properties"]} == places.keys()
    for tool, place in places.items():
        made = board.result(tool, **place, values=FREE)
        expected = without_own_ids(board.values(made["id"]))
        assert FREE.keys() == expected.keys()
        assert (2.5, True, 2) == (expected["Estimate"], expected["Done"], len(expected["Areas"]))
        for form, values in FORMS.items():
            for parameter in ("values", "values_by_name"):
                made = board.result(tool, **place, **{parameter: values})
                stored = without_own_ids(board.values(made["id"]))
                assert expected == stored, f"{tool}: {parameter} as {form}"


@pytest.mark.parametrize("values", [EMPTYING, EMPTIED, json.dumps(EMPTYING)])
def test_an_empty_value_of_an_entry_empties_it(item: Agent, values: Any) -> None:
    item.result("infinity_update_item", values=values)
    stored = item.values(item.place["item_id"])
    assert {} == {name: data for name, data in stored.items() if name in EMPTIED and data}


def test_an_entry_names_its_attribute_by_id_too(item: Agent, attribute_ids: Ids) -> None:
    item.result(
        "infinity_update_item", values=[{"attribute": attribute_ids["Progress"], "value": "55"}]
    )
    assert 55 == item.values(item.place["item_id"])["Progress"]


def test_wrong_entries_are_refused_by_name_before_anything_is_sent(item: Agent) -> None:
    both = {"attribute": "Areas", "value": "Web", "list": ["API"]}
    due = {"attribute": "Due", "value": "2026-12-01"}
    cases: Cases = [
        ({"values": [both]}, "'Areas' has both value and list: give one of them"),
        ({"values": [{"attribute": "Due"}]}, "'Due' has neither value nor list; value \"\" alone"),
        ({"values": [{**due, "value": None, "list": None}]}, "'Due' has neither value nor list"),
        ({"values": [due, {**due, "value": "2026-12-02"}]}, "'Due' is given twice"),
        ({"values": [due, {**due, "attribute": "due"}]}, "'Due' is given twice"),
        ({"values": [{**due, "colour": "red"}]}, "'Due' has 'colour'; it takes value or list"),
        ({"values": [{**due, "x" * 5000: 1}]}, f"'Due' has '{'x' * 100}'; it takes"),
        ({"values": [{"attribute": "Areas", "add": ["Web"]}]}, "'Areas' has 'add'; it takes value"),
        ({"values": [{"value": "Doing"}]}, "each entry names its attribute, as in [{"),
        ({"values": [{"attribute": " ", "value": "a"}]}, "each entry names its attribute"),
        ({"values": [{"attribute": ["Due"], "value": "a"}]}, "each entry names its attribute"),
        ({"values": ["Due"]}, "each entry names its attribute"),
        ({"values": [None]}, "each entry names its attribute"),
        ({"values": [[due]]}, "each entry names its attribute"),
        ({"values": "Due: tomorrow"}, "takes a list such as [{"),
        ({"values": 7}, "takes a list such as [{"),
        ({"values": [{"attribute": "Estimate", "value": "much"}]}, "takes a number, such as 12.5"),
        ({"values": [{"attribute": "Status", "value": "Dooing"}]}, "there is no label 'Dooing'"),
        ({"values": [{"attribute": "Statuss", "value": "Doing"}]}, "there is no attribute 'Stat"),
    ]
    for arguments, told in cases:
        assert told in item.refused("infinity_update_item", **arguments)


# --- What is listed as a text that holds JSON -----------------------------------------------------

LABELS = {"labels": [{"id": "11111111-1111-4111-8111-111111111111", "name": "Done"}]}
EVENTS = [{"event": "item.created"}, {"event": "comment.created", "data": {"a": [1]}}]
URL = "https://hooks.example.org/a"


def forms(data: Any) -> list[Any]:
    text = json.dumps(data)
    return [data, text, f"\n{json.dumps(data, indent=2)} ", f"```json\n{text}\n```"]


@pytest.fixture
def made(board: Agent, folder_ids: Ids) -> dict[str, dict[str, Any]]:
    """For each tool that takes free-form JSON, arguments that go with it."""
    folder = {"folder_id": folder_ids["Ideas"]}
    new_view = {**folder, "name": "New", "type": "table"}
    view = board.result("infinity_create_view", **new_view)
    attribute = board.result("infinity_create_attribute", name="New", type="label", settings=LABELS)
    hook = board.result("infinity_create_hook", url=URL, events=EVENTS[:1])
    return {
        "infinity_create_folder": {"name": "New"},
        "infinity_update_folder": folder,
        "infinity_create_view": new_view,
        "infinity_update_view": {"view_id": view["id"]},
        "infinity_create_attribute": {"name": "New", "type": "label"},
        "infinity_update_attribute": {"attribute_id": attribute["id"]},
        "infinity_create_hook": {"url": URL},
        "infinity_update_hook": {"hook_id": hook["id"]},
    }


def test_every_tool_takes_json_as_it_is_and_as_text(
    board: Agent, made: dict[str, dict[str, Any]]
) -> None:
    examples = {"settings": LABELS, "events": EVENTS, "default_data": [LABELS["labels"][0]["id"]]}
    written = set()
    for tool in board.portal.call(board.client.list_tools).tools:
        for name in examples.keys() & tool.input_schema["properties"].keys():
            written.add(tool.name)
            more = {"settings": LABELS} if name == "default_data" else {}
            results = [
                board.result(tool.name, **made[tool.name], **more, **{name: form})[name]
                for form in forms(examples[name])
            ]
            assert [results[0]] * 4 == results, f"{tool.name}: {name}"
            assert results[0] == examples[name] or LABELS.items() <= results[0].items()
    assert made.keys() == written


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("date", "2026-12-01"),
        ("members", [4242]),
        ("members", []),
        ("number", None),
    ],
)
def test_a_default_may_be_any_json_or_text_that_spells_it(
    board: Agent, type: str, data: Any
) -> None:
    for form in forms(data):
        made = board.result("infinity_create_attribute", name="New", type=type, default_data=form)
        read = board.result("infinity_get_attribute", attribute_id=made["id"])
        assert data == read["default_data"], form


@pytest.mark.parametrize(
    "text",
    [
        *("Draft", "[draft]", "1.50", "2026", "true", "+49 30 5550100", "{", "NaN", "01"),
        *(
            "```json\n[1]\n```",
            '"q"',
            'say "when"',
            '["a"]',
            '{"a":1}',
            "[1, 2]",
            '[["a"], {}]',
            " [ 1 ] ",
            '" "',
        ),
    ],
)
def test_a_default_of_a_text_is_the_text_that_was_sent(board: Agent, text: str) -> None:
    made = board.result("infinity_create_attribute", name="New", type="text", default_data=text)
    assert text == board.result("infinity_get_attribute", attribute_id=made["id"])["default_data"]
    board.result("infinity_update_attribute", attribute_id=made["id"], default_data="x")
    board.result("infinity_update_attribute", attribute_id=made["id"], default_data=text)
    assert text == board.result("infinity_get_attribute", attribute_id=made["id"])["default_data"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("[2024]", ["[2024]"]),
        ('["2024"]', ["2024"]),
        ('"2024"', ["2024"]),
        ("2024", ["2024"]),
        ('"[2024]"', ["[2024]"]),
        ('["2024", "[2024]"]', ["2024", "[2024]"]),
    ],
)
def test_a_default_names_labels_as_a_value_does(board: Agent, given: str, names: Any) -> None:
    made = board.result(
        "infinity_create_attribute",
        name="New",
        type="label",
        settings={"labels": ["2024", "[2024]"], "multiple": True},
        default_data=given,
    )
    known = {label["id"]: label["name"] for label in made["settings"]["labels"]}
    assert names == [known[id] for id in made["default_data"]]


# --- What is in no schema -------------------------------------------------------------------------


def test_every_tool_takes_a_response_format(board: Agent) -> None:
    for tool in board.portal.call(board.client.list_tools).tools:
        told = board.error(tool.name, response_format="xml")
        assert "response_format: " in told
        assert "'markdown' or 'json'" in told


def test_a_response_format_is_heeded(board: Agent) -> None:
    as_json = board.call("infinity_list_folders", response_format="json")
    assert json.loads(text_of(as_json)) == as_json.structured_content
    as_text = board.call("infinity_list_folders", response_format="markdown")
    assert text_of(as_json) != text_of(as_text)
    assert text_of(as_text) == board.text("infinity_list_folders")


def test_every_list_can_be_sorted_and_paged_back(board: Agent) -> None:
    for tool in board.portal.call(board.client.list_tools).tools:
        if "limit" in tool.input_schema["properties"]:
            told = board.error(tool.name, before=1, sort_by=1, sort_direction="up", nope=1)
            for part in ("before: ", "sort_by: ", "sort_direction: ", "nope is not a parameter"):
                assert part in told
            assert "before, sort_by, sort_direction, response_format." in told


def test_a_name_is_the_title(board: Agent, places: dict[str, dict[str, Any]]) -> None:
    for tool, place in places.items():
        for parameter in ("title", "name"):
            made = board.result(tool, **place, **{parameter: f"By {parameter}"})
            assert f"By {parameter}" == board.values(made["id"])["Name"]
