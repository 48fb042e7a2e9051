from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases

Ids = dict[str, str]


@pytest.fixture
def stage(board: Agent) -> Agent:
    """At a new label attribute "Stage" with the labels Draft and Final."""
    made = board.result(
        "infinity_create_attribute",
        name="Stage",
        type="label",
        settings={"multiple": True, "labels": ["Draft", {"name": "Final", "color": "#B3EC8D"}]},
    )
    return board.at(attribute_id=made["id"])


def settings_of(attribute: Agent) -> dict[str, Any]:
    return dict(attribute.result("infinity_get_attribute")["settings"])


def label_ids(attribute: Agent) -> dict[str, str]:
    """By name."""
    return {label["name"]: label["id"] for label in settings_of(attribute)["labels"]}


def create_item(board: Agent, folder_ids: Ids, **values: Any) -> dict[str, Any]:
    return board.result(
        "infinity_create_item", folder_id=folder_ids["Backlog"], values_by_name=values
    )


def test_attributes_are_listed_with_the_labels_to_choose_from(board: Agent) -> None:
    attributes = {each["name"]: each for each in board.records("infinity_list_attributes")}
    labels = attributes["Status"]["settings"]["labels"]
    assert ["To do", "Doing", "Done", "Blocked"] == [label["name"] for label in labels]
    assert "time_tracking" == attributes["Time spent"]["type"]


def test_a_new_attribute_has_all_that_it_was_given(board: Agent) -> None:
    wanted = {"name": "Agreed", "type": "checkbox", "default_data": True, "settings": {"a": 1}}
    made = board.result("infinity_create_attribute", **wanted)
    read = board.result("infinity_get_attribute", attribute_id=made["id"])
    assert wanted.items() <= read.items()


@pytest.mark.parametrize(
    ("type", "sent", "stored"),
    [
        ("number", 2.5, 2.5),
        ("number", None, None),
        ("text", "[draft]", "[draft]"),
        ("members", [4242], [4242]),
        ("members", "[4242]", [4242]),
        ("checkbox", False, False),
    ],
)
def test_default_data_may_be_any_json(board: Agent, type: str, sent: Any, stored: Any) -> None:
    made = board.result("infinity_create_attribute", name="New", type=type, default_data=sent)
    read = board.result("infinity_get_attribute", attribute_id=made["id"])
    assert stored == read["default_data"]


def test_null_clears_default_data(board: Agent) -> None:
    made = board.result("infinity_create_attribute", name="New", type="number", default_data=5)
    attribute = board.at(attribute_id=made["id"])
    attribute.result("infinity_update_attribute", default_data=None)
    assert attribute.result("infinity_get_attribute")["default_data"] is None


def test_labels_get_ids(stage: Agent) -> None:
    ids = label_ids(stage)
    assert ["Draft", "Final"] == list(ids)
    assert 2 == len({uuid.UUID(each) for each in ids.values()})
    assert "#B3EC8D" == settings_of(stage)["labels"][1]["color"]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_label_id_counts_as_none(board: Agent, empty: str | None) -> None:
    settings = {"labels": [{"id": empty, "name": "Draft"}]}
    made = board.result("infinity_create_attribute", name="New", type="label", settings=settings)
    assert uuid.UUID(made["settings"]["labels"][0]["id"])


def test_labels_keep_the_ids_that_they_have(stage: Agent) -> None:
    before = settings_of(stage)
    changed = {**before, "labels": [*before["labels"], {"name": "Sent"}]}
    stage.result("infinity_update_attribute", settings=changed)
    assert before["labels"] == settings_of(stage)["labels"][:2]
    assert "Sent" in label_ids(stage)


def test_labels_sent_by_name_alone_stay_the_same_labels(
    stage: Agent, board: Agent, folder_ids: Ids
) -> None:
    item = create_item(board, folder_ids, Stage=["Final"])
    before = label_ids(stage)
    stage.result("infinity_update_attribute", settings={"labels": ["Sent", "Final"]})
    after = label_ids(stage)
    assert {**before, "Sent": after["Sent"]} == after
    assert [after["Final"]] == board.values(item["id"])["Stage"]


def test_a_new_label_can_be_used_at_once(stage: Agent, board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Stage="Draft")  # by now the labels are remembered
    stage.result("infinity_update_attribute", settings={"labels": ["Draft", "Sent"]})
    item = create_item(board, folder_ids, Stage="Sent")
    assert [label_ids(stage)["Sent"]] == board.values(item["id"])["Stage"]


def test_a_new_attribute_can_be_used_at_once(board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Name="One")
    board.result("infinity_create_attribute", name="Stage", type="text")
    item = create_item(board, folder_ids, Stage="Draft")
    assert "Draft" == board.values(item["id"])["Stage"]


def test_an_old_name_is_forgotten_at_once(stage: Agent, board: Agent, folder_ids: Ids) -> None:
    create_item(board, folder_ids, Stage="Draft")
    stage.result("infinity_update_attribute", name="Phase")
    place = {"folder_id": folder_ids["Backlog"]}
    told = board.refused("infinity_create_item", **place, values_by_name={"Stage": "Draft"})
    assert "there is no attribute 'Stage'" in told
    stage.result("infinity_delete_attribute")
    told = board.refused("infinity_create_item", **place, values_by_name={"Phase": "Draft"})
    assert "there is no attribute 'Phase'" in told


def test_settings_spelled_as_json_text_are_understood(board: Agent) -> None:
    made = board.result(
        "infinity_create_attribute", name="New", type="label", settings='{"labels": ["Draft"]}'
    )
    assert "Draft" == made["settings"]["labels"][0]["name"]


def test_an_update_changes_what_it_names_and_nothing_else(stage: Agent) -> None:
    before = stage.result("infinity_get_attribute")
    stage.result("infinity_update_attribute", name="Phase", type=None, settings=None)
    assert {**before, "name": "Phase"} == stage.result("infinity_get_attribute")


def test_a_wrong_update_is_refused_before_anything_is_sent(stage: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"type": "reference"}, "type: must be 'text', 'longtext'"),
        ({"type": "formula"}, "type: must be 'text', 'longtext'"),
        ({"name": " "}, "name: is empty"),
        ({"settings": ["Draft"]}, "settings: takes a JSON object"),
    ]
    for changes, told in cases:
        assert told in stage.refused("infinity_update_attribute", **changes)


def test_a_wrong_attribute_is_refused_before_anything_is_sent(board: Agent) -> None:
    cases: Cases = [
        ({"name": "New"}, "type is required"),
        ({"name": "", "type": "text"}, "name: is empty"),
        ({"name": "New", "type": "time_tracking"}, "type: must be 'text', 'longtext'"),
    ]
    for arguments, told in cases:
        assert told in board.refused("infinity_create_attribute", **arguments)


def test_a_label_that_infinity_does_not_take_is_told(board: Agent) -> None:
    settings = {"labels": [{"name": "Draft", "color": "green"}]}
    told = board.error("infinity_create_attribute", name="New", type="label", settings=settings)
    assert "Infinity says: settings.labels.0.color: " in told


def test_a_deleted_attribute_is_gone_from_board_and_folders(
    board: Agent, attribute_ids: Ids, folder_ids: Ids
) -> None:
    votes = attribute_ids["Votes"]
    assert board.result("infinity_delete_attribute", attribute_id=votes)["deleted"] is True
    listed = [attribute["id"] for attribute in board.records("infinity_list_attributes")]
    ideas = board.result("infinity_get_folder", folder_id=folder_ids["Ideas"])
    assert votes not in [*listed, *ideas["attribute_ids"]]


# --- Labels and settings that are not named -------------------------------------------------------


def test_a_label_is_added_by_its_name_alone(stage: Agent) -> None:
    before = settings_of(stage)
    text = stage.text("infinity_update_attribute", settings={"labels": ["Sent"]})
    after = settings_of(stage)
    assert before["labels"] == after["labels"][:2]
    assert {**before, "labels": after["labels"]} == after
    assert "Sent" == after["labels"][2]["name"]
    assert text.startswith("> Labels that settings does not name stay: 'Draft', 'Final'.")


@pytest.mark.parametrize(
    "labels",
    [
        ["Draft", "Final", "Sent"],
        [" draft", "FINAL", "Sent"],
        [{"name": "Draft"}, {"name": "final"}, "Sent"],
        ["Draft", {"name": "Final", "color": None}, "Sent", "sent "],
        {"0": "Draft", "1": "Final", "2": "Sent"},
        '["Draft", "Final", "Sent"]',
    ],
)
def test_labels_named_again_keep_id_and_colour(stage: Agent, labels: Any) -> None:
    before = settings_of(stage)
    result = stage.result("infinity_update_attribute", settings={"labels": labels})
    after = settings_of(stage)
    assert before["labels"] == after["labels"][:2]
    assert ["Draft", "Final", "Sent"] == [label["name"] for label in after["labels"]]
    assert (True, False) == (after["multiple"], "notice" in result)


def test_labels_are_changed_by_id_or_name(stage: Agent) -> None:
    ids = label_ids(stage)
    labels = [{"id": ids["Draft"], "name": "Idea"}, {"name": "Final", "color": "#000000"}]
    stage.result("infinity_update_attribute", settings={"labels": labels})
    after = {label["id"]: label for label in settings_of(stage)["labels"]}
    assert "Idea" == after[ids["Draft"]]["name"]
    assert ("Final", "#000000") == (after[ids["Final"]]["name"], after[ids["Final"]]["color"])


def test_all_labels_in_another_order_are_put_in_that_order(stage: Agent) -> None:
    stage.result("infinity_update_attribute", settings={"labels": ["Final", "Draft"]})
    assert ["Final", "Draft"] == list(label_ids(stage))


def test_settings_that_are_not_named_stay(stage: Agent) -> None:
    before = settings_of(stage)
    stage.result("infinity_update_attribute", settings={"allowEmpty": False})
    assert {**before, "allowEmpty": False} == settings_of(stage)


@pytest.mark.parametrize("removed", [["Draft"], "draft", '["DRAFT "]'])
def test_labels_are_removed_by_name_only_when_asked(stage: Agent, removed: Any) -> None:
    before = settings_of(stage)
    stage.result("infinity_update_attribute", remove_labels=removed)
    assert {**before, "labels": before["labels"][1:]} == settings_of(stage)


def test_labels_are_removed_by_id_beside_other_changes(stage: Agent) -> None:
    ids = label_ids(stage)
    changes = {"settings": {"labels": ["Sent"]}, "remove_labels": [ids["Final"]], "name": "Phase"}
    stage.result("infinity_update_attribute", **changes)
    after = label_ids(stage)
    assert (["Draft", "Sent"], ids["Draft"]) == (list(after), after["Draft"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"remove_labels": ["Nope"]}, "there is no label 'Nope'; there are: 'Draft', 'Final'"),
        ({"remove_labels": [None]}, "remove_labels.0: must be text"),
        (
            {"remove_labels": ["Draft"], "settings": {"labels": ["draft"]}},
            "Labels both in settings and in remove_labels: 'Draft'",
        ),
        ({"settings": {"labels": [None]}}, "each of settings.labels is a name or"),
        ({"settings": {"labels": [["Sent"]]}}, "each of settings.labels is a name or"),
        ({"settings": {"labels": [True]}}, "each of settings.labels is a name or"),
        ({"settings": {"labels": 5}}, "settings.labels is a list of names or"),
        ({"settings": {"labels": [{"color": "#000000"}]}}, "each of settings.labels has a name"),
        ({"settings": {"labels": [" "]}}, "each of settings.labels has a name"),
    ],
)
def test_wrong_labels_are_refused(stage: Agent, changes: dict[str, Any], told: str) -> None:
    assert told in stage.refused("infinity_update_attribute", **changes)


TODO, DOING, UNKNOWN = (f"0c9f4e1a-1111-4c3d-9a55-00000000000{n}" for n in range(3))
BEFORE = [("Todo", "#111111"), ("Doing", "#222222")]
Shown = list[tuple[str, str | None]]


@pytest.fixture
def todo(board: Agent) -> Agent:
    """At a new label attribute with the labels Todo and Doing."""
    labels = [
        {"id": TODO, "name": "Todo", "color": "#111111"},
        {"id": DOING, "name": "Doing", "color": "#222222"},
    ]
    made = board.result(
        "infinity_create_attribute", name="State", type="label", settings={"labels": labels}
    )
    return board.at(attribute_id=made["id"])


def shown(attribute: Agent) -> Shown:
    """The names and colours of its labels."""
    return [(label["name"], label.get("color")) for label in settings_of(attribute)["labels"]]


RECOLOURED: Shown = [("Todo", "#000001"), BEFORE[1]]
RENAMED: Shown = [("Uno", "#111111"), BEFORE[1]]
ADDED: Shown = [*BEFORE, ("New", "#000001")]


@pytest.mark.parametrize(
    ("labels", "after"),
    [
        ({"name": "Todo", "color": "#000001"}, RECOLOURED),
        ('{"name": "Todo", "color": "#000001"}', RECOLOURED),
        ({"Todo": "#000001"}, RECOLOURED),
        ({TODO: "#000001"}, RECOLOURED),
        ({"Todo": {"color": "#000001"}}, RECOLOURED),
        ({"Todo": "#000001", "New": "#000001"}, [RECOLOURED[0], BEFORE[1], ADDED[2]]),
        ({"id": TODO, "name": "Uno"}, RENAMED),
        ({TODO: {"name": "Uno"}}, RENAMED),
        ({TODO: {"id": TODO, "name": "Uno"}}, RENAMED),
        ({"name": "New", "color": "#000001"}, ADDED),
        ({"New": {"color": "#000001"}}, ADDED),
        ({"0": {"name": "Todo"}, "1": {"name": "Doing"}}, BEFORE),
        ([TODO, {"id": DOING}], BEFORE),
        (
            [{"id": TODO, "name": "Doing"}, {"id": DOING, "name": "Todo"}],
            [("Doing", "#111111"), ("Todo", "#222222")],
        ),
        ({}, BEFORE),
        ("", BEFORE),
    ],
)
def test_labels_are_understood_in_every_form(todo: Agent, labels: Any, after: Shown) -> None:
    todo.result("infinity_update_attribute", settings={"a": 1, "labels": labels})
    assert after == shown(todo)


@pytest.mark.parametrize("step", [1, -1])
def test_a_name_means_the_labels_after_they_are_renamed(todo: Agent, step: int) -> None:
    labels: list[Any] = [{"id": TODO, "name": "Later"}, "Todo"]
    todo.result("infinity_update_attribute", settings={"labels": labels[::step]})
    ids = label_ids(todo)
    assert {"Later", "Doing", "Todo"} == {*ids}
    assert (TODO, DOING) == (ids["Later"], ids["Doing"])


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"Todo": "Later"}, "'Todo' has neither a color nor an object"),
        ({"Todo": 5}, "'Todo' has neither a color nor an object"),
        ({"Todo": {"id": DOING}}, "'Todo' has another id in its object"),
        ({TODO: {"id": DOING, "name": "x"}}, "has another id in its object"),
        ({"New": {"name": "Newer"}}, "'New' has another name in its object"),
        ({UNKNOWN: {"name": "Uno"}}, f"there is no label with the id '{UNKNOWN}'"),
        ([{"id": UNKNOWN, "name": "Todo"}], f"there is no label with the id '{UNKNOWN}'"),
        ([{"id": UNKNOWN, "name": "New"}], "there are: 'Todo', 'Doing'. Leave the id out to add"),
        ([UNKNOWN], f"there is no label with the id '{UNKNOWN}'"),
        ([{"id": True, "name": "New"}], "the id of a label is a text"),
        ([{"id": TODO, "name": "Doing"}], "Several labels would be called 'Doing'"),
        ([{"id": TODO, "name": " DOING\u200b "}], "Several labels would be called"),
        ([{"id": TODO, "name": "A"}, {"id": TODO, "name": "B"}], "is there twice, with another"),
        ([{"name": "New", "color": "#000000"}, {"name": "new", "color": "#000001"}], "twice"),
        ([{"id": TODO, "new_name": "Later"}], "'new_name' is nothing that a label has"),
        ([{"name": "Todo", "colour": "#000001"}], "'colour' is nothing that a label has"),
        ({"name": "Todo", "colour": "#000001"}, "takes name, color, and the id"),
        ({"color": "#000001"}, "each of settings.labels has a name"),
        ("Todo, Later", "'Todo, Later' may be one name or several: send a list"),
        ("Todo\nLater", "may be one name or several: send a list"),
        ("[Todo, Later]", "'[Todo, Later]' is no JSON"),
    ],
)
def test_labels_of_open_meaning_are_refused(todo: Agent, labels: Any, told: str) -> None:
    assert told in todo.refused("infinity_update_attribute", settings={"labels": labels})


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([{"id": TODO, "name": "Same"}, {"id": DOING, "name": "same"}], "Several labels would be"),
        ([{"id": TODO, "name": "A"}, {"id": TODO, "name": "B"}], "is there twice, with another"),
        ([{"name": "A", "colour": "#000001"}], "'colour' is nothing that a label has"),
        ([TODO], f"the new label '{TODO}' has no name"),
        ("A, B", "may be one name or several"),
    ],
)
def test_wrong_labels_of_a_new_attribute_are_refused(board: Agent, labels: Any, told: str) -> None:
    new = {"name": "New", "type": "label", "settings": {"labels": labels}}
    assert told in board.refused("infinity_create_attribute", **new)


def test_new_labels_may_be_keyed_by_name(board: Agent) -> None:
    settings = {"labels": {"None": "#000001", "B": {"color": "#000002"}}}
    made = board.result("infinity_create_attribute", name="New", type="label", settings=settings)
    assert [("None", "#000001"), ("B", "#000002")] == shown(board.at(attribute_id=made["id"]))


def test_settings_within_settings_stay_too(stage: Agent) -> None:
    stage.result("infinity_update_attribute", settings={"a": {"b": 1, "c": [1]}})
    stage.result("infinity_update_attribute", settings={"a": {"c": [2], "d": {"e": 1}}})
    assert {"b": 1, "c": [2], "d": {"e": 1}} == settings_of(stage)["a"]


# --- Defaults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [
        ("number", "42", 42),
        ("number", "2.5", 2.5),
        ("progress", "40%", 40),
        ("checkbox", "yes", True),
        ("text", "[draft]", "[draft]"),
        ("text", '"42"', '"42"'),
        ("text", 5, "5"),
        ("longtext", "**a**", "<p><strong>a</strong></p>"),
        ("date", "2026/12/01", "2026-12-01"),
        ("members", "Ada Example", [4242]),
        ("members", ["ada@example.org", 4242], [4242]),
        ("email", "mailto:ada@example.org", "ada@example.org"),
    ],
)
def test_a_default_is_converted_as_a_value_is(
    board: Agent, type: str, given: Any, stored: Any
) -> None:
    made = board.result("infinity_create_attribute", name="New", type=type, default_data=given)
    attribute = board.at(attribute_id=made["id"])
    assert stored == attribute.result("infinity_get_attribute")["default_data"]
    attribute.result("infinity_update_attribute", default_data=None)
    empty = attribute.result("infinity_get_attribute")["default_data"]
    assert empty in (None, "", [], False)
    attribute.result("infinity_update_attribute", default_data=given)
    assert stored == attribute.result("infinity_get_attribute")["default_data"]


def test_a_default_label_goes_by_its_name(board: Agent) -> None:
    made = board.result(
        "infinity_create_attribute",
        name="Stage",
        type="label",
        settings={"labels": ["Draft", "Final"]},
        default_data="draft",
    )
    stage = board.at(attribute_id=made["id"])
    assert [label_ids(stage)["Draft"]] == made["default_data"]
    stage.result("infinity_update_attribute", settings={"labels": ["Sent"]}, default_data=["Sent"])
    read = stage.result("infinity_get_attribute")
    assert [label_ids(stage)["Sent"]] == read["default_data"]


NO_DEFAULT_ANY_MORE = "Removed from the attribute's default too: 'Todo'."


@pytest.mark.parametrize(
    ("removed", "default", "told"),
    [
        (["Todo"], [], NO_DEFAULT_ANY_MORE),
        ([DOING], [TODO], None),
        (["todo", "Doing"], [], NO_DEFAULT_ANY_MORE),
    ],
)
def test_a_removed_label_is_no_default_any_more(
    todo: Agent, removed: list[str], default: list[str], told: str | None
) -> None:
    todo.result("infinity_update_attribute", default_data="Todo")
    result = todo.result("infinity_update_attribute", remove_labels=removed)
    read = todo.result("infinity_get_attribute")
    assert (default, told) == (read["default_data"], result.get("notice"))


def test_a_removed_label_cannot_be_made_the_default(todo: Agent) -> None:
    changes = {"remove_labels": ["Todo"], "default_data": ["Todo"]}
    told = todo.refused("infinity_update_attribute", **changes)
    assert "default_data: there is no label 'Todo'; there are: 'Doing'" in told


@pytest.mark.parametrize(
    ("type", "given", "told"),
    [
        ("number", "much", "default_data: takes a number, such as 12.5, not 'much'"),
        ("text", ["a"], "default_data: takes text"),
        ("checkbox", "perhaps", "default_data: takes true or false"),
        ("date", "soon", "default_data: takes a date like"),
        ("label", "Draft", "default_data: there is no label 'Draft'; there are: none"),
        ("members", "zed", "default_data: there is no member 'zed'; there are: 'Ada Example'"),
        ("created_at", "2026-12-01", "default_data: a created_at value cannot be set here"),
    ],
)
def test_a_wrong_default_is_refused(board: Agent, type: str, given: Any, told: str) -> None:
    refused = board.refused("infinity_create_attribute", name="New", type=type, default_data=given)
    assert told in refused
