"""Defaults of attributes are converted as values are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.labels import (
    DOING,
    TODO,
    label_ids,
)


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


def test_what_a_default_loses_is_said(board: Agent) -> None:
    lossy = '<p style="margin:3px">a</p>'
    given = {"name": "New", "type": "longtext", "default_data": lossy}
    made = board.result("infinity_create_attribute", **given)
    attribute = board.at(attribute_id=made["id"])
    changed = attribute.result("infinity_update_attribute", default_data=lossy)
    lost = "When stored, texts lose some styles."
    assert [lost, lost] == [made["notice"], changed["notice"]]


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


NO_DEFAULT_ANY_MORE = "Labels that were removed are no default any more (see removed_from_default)."


@pytest.mark.parametrize(
    ("removed", "default", "gone"),
    [(["Todo"], [], ["Todo"]), ([DOING], [TODO], None), (["todo", "Doing"], [], ["Todo"])],
)
def test_a_removed_label_is_no_default_any_more(
    todo: Agent, removed: list[str], default: list[str], gone: list[str] | None
) -> None:
    todo.result("infinity_update_attribute", default_data="Todo")
    result = todo.result("infinity_update_attribute", remove_labels=removed)
    read = todo.result("infinity_get_attribute")
    assert (default, gone) == (read["default_data"], result.get("removed_from_default"))
    assert (NO_DEFAULT_ANY_MORE if gone else None) == result.get("notice")


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
