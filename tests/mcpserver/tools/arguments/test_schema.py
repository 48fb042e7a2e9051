"""Errors for arguments that agents get wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from mcpserver.tools import all_tools
from mcpserver.tools._registry import InfinityTool
from tests.support import Server, text_of

pytestmark = pytest.mark.any_database

PLACE = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("infinity_nope", {}, "There is no tool 'infinity_nope'"),
        ("infinity_get_board", {"workspace_id": "1"}, "board_id is required"),
        ("infinity_get_board", {**PLACE, "colour": 1}, "colour is not a parameter"),
        ("infinity_get_board", {**PLACE, "colour": None}, "colour is not a parameter"),
        ("infinity_get_board", {**PLACE, "": 1}, "Wrong arguments: '' is not a parameter"),
        ("infinity_get_board", {**PLACE, " ": 1}, "' ' is not a parameter"),
        ("infinity_get_board", {**PLACE, "a\u200b": 1}, "'a\\u200b' is not a parameter"),
        ("infinity_get_board", {**PLACE, "board id": 1}, "'board id' is not a parameter"),
        ("infinity_get_board", {**PLACE, "": "x" * 200}, "'': takes at most 100 characters"),
        (
            "infinity_get_board",
            {**PLACE, "board_id": 5},
            "board_id: must be text",
        ),
        ("infinity_get_board", {**PLACE, "board_id": ""}, "board_id: is empty"),
        (
            "infinity_get_board",
            {**PLACE, "response_format": "xml"},
            "response_format: must be 'markdown'",
        ),
        ("infinity_list_boards", {"workspace_id": True}, "workspace_id: must be text"),
        (
            "infinity_list_boards",
            {"workspace_id": "1", "limit": 0},
            "limit: must be at least 1",
        ),
        (
            "infinity_list_boards",
            {"workspace_id": "1", "limit": 101},
            "limit: must be at most 100",
        ),
        (
            "infinity_list_boards",
            {"workspace_id": "1", "limit": True},
            "limit: must be a number",
        ),
        ("infinity_list_items", {**PLACE, "expand": ["x"]}, "expand.0: must be 'values'"),
        ("infinity_list_items", {**PLACE, "expand": "['x', 'y']"}, "expand.1: must be 'values'"),
        ("infinity_list_boards", {"workspace_id": 1.5}, "workspace_id: must be text"),
        (
            "infinity_create_board",
            {"workspace_id": "1", "name": "x", "color": "red"},
            "color: must be #RRGGBB, such as #9FE1E7",
        ),
        (
            "infinity_add_item_comment",
            {**PLACE, "item_id": "i", "comment_text": " \n"},
            "comment_text: is empty",
        ),
    ],
)
def test_wrong_arguments_are_explained(
    server: Server, key: str, tool: str, arguments: dict[str, Any], told: str
) -> None:
    result = server.call(key, tool, **arguments)
    assert result.is_error
    assert told in text_of(result)
    assert "pydantic" not in text_of(result)


def test_the_explanation_names_what_the_tool_takes(server: Server, key: str) -> None:
    told = text_of(server.call(key, "infinity_get_board", wrong=1))
    assert told.endswith("This tool takes: workspace_id, board_id, response_format.")


@pytest.mark.parametrize(
    "evil",
    ["../x", "..", ".", "a/b", "%2f", "%2e%2e", "a\\b", "a?b", "a#b", "a\nb", "a\u202e"],
)
def test_an_id_cannot_change_the_route(server: Server, key: str, evil: str) -> None:
    place = {"workspace_id": "31337", "board_id": "Hq7wTz3KfPa"}
    result = server.call(key, "infinity_get_item", **place, item_id=evil)
    assert result.is_error
    assert "is not an Infinity id" in text_of(result)
    result = server.call(key, "infinity_get_board", workspace_id="31337", board_id=evil)
    assert "there is no board " in text_of(result)


def test_workspace_ids_may_be_numbers(server: Server, key: str) -> None:
    workspace = server.data(key, "infinity_list_workspaces")["data"][0]["id"]
    assert isinstance(workspace, int)
    for id in (workspace, float(workspace), f" {workspace}\n"):
        assert server.data(key, "infinity_list_boards", workspace_id=id)["data"]


def test_null_for_an_optional_parameter_counts_as_left_out(server: Server, key: str) -> None:
    arguments = {"limit": None, "after": None, "sort_by": None, "response_format": None}
    told = text_of(server.call(key, "infinity_list_workspaces", **arguments))
    assert told == text_of(server.call(key, "infinity_list_workspaces"))


def test_a_blank_around_an_id_means_nothing(
    server: Server, key: str, roadmap: dict[str, Any]
) -> None:
    spaced = {name: f"{id} " for name, id in roadmap.items()}
    assert server.data(key, "infinity_get_board", **spaced)["id"] == roadmap["board_id"]


@pytest.mark.parametrize(
    "written",
    ['["values"]', "['values']", "values", "[values]", '```json\n["values"]\n```', "(values,)"],
)
def test_a_list_spelled_as_text_is_understood(
    server: Server, key: str, roadmap: dict[str, Any], written: str
) -> None:
    page = server.data(key, "infinity_list_items", **roadmap, expand=written, limit=1)
    assert "values" in page["data"][0]


def test_a_text_that_looks_like_json_stays_text(
    server: Server, key: str, roadmap: dict[str, Any], folder_id: str
) -> None:
    created = server.data(
        key, "infinity_create_item", **roadmap, folder_id=folder_id, name='["a", "b"]'
    )
    item = server.data(
        key, "infinity_get_item", **roadmap, item_id=created["id"], expand=["values"]
    )
    assert '["a", "b"]' in [value["data"] for value in item["values"]]


WRONG_TYPES: list[Any] = [5, -1, 1.5, True, "", "x", " ", [], [1], [None], [{}], {}, {"a": 1}]


@pytest.mark.parametrize("tool", all_tools(), ids=lambda tool: str(tool.name))
def test_no_type_is_refused_in_the_words_of_a_library(tool: InfinityTool) -> None:
    for name in tool.fn_metadata.arg_model.model_fields:
        for value in WRONG_TYPES:
            try:
                tool.fn_metadata.validate_arguments({name: value})
            except ToolError as error:
                told = str(error)
                assert not re.search("Input should|String should|Value should|valid dict", told)
                assert "is not what this parameter takes" not in told  # there are words for it


def test_no_parameter_has_a_regular_expression_to_explain() -> None:
    with_pattern = [
        tool.name
        for tool in all_tools()
        if '"pattern"' in json.dumps(tool.fn_metadata.arg_model.model_json_schema())
    ]
    assert [] == with_pattern
