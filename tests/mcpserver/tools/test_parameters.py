"""What every tool does with arguments that are wrong, or written in another way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent

Schema = dict[str, Any]
Tools = dict[str, Schema]

BY_FORMAT = {"email": "a@example.org", "uri": "https://example.org/", "date-time": "2026-12-01"}
BY_PATTERN = {r"^#[0-9A-Fa-f]{6}$": "#123456", r"^[\w.+-]+/[\w.+-]+$": "text/plain"}


@pytest.fixture
def tools(agent: Agent) -> Tools:
    """The schema of each tool's arguments."""
    listed = agent.portal.call(agent.client.list_tools)
    return {tool.name: tool.input_schema for tool in listed.tools}


def fitting(schema: Schema) -> Any:
    """A value that fits. As an id it is none: Infinity answers 404."""
    match schema:
        case {"anyOf": [first, *_]}:
            return fitting(first)
        case {"enum": [first, *_]}:
            return first
        case {"type": "integer"}:
            return 7
        case {"type": "array", "items": items}:
            return [fitting(items)]
        case {"type": "object"}:
            return {"event": "item.created"}
        case {"format": format}:
            return BY_FORMAT[format]
        case {"pattern": pattern}:
            return BY_PATTERN[pattern]
        case _:
            return "7"


def needed(schema: Schema) -> dict[str, Any]:
    """The arguments that must be there."""
    return {name: fitting(schema["properties"][name]) for name in schema.get("required", [])}


def parameters(tools: Tools, *types: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each parameter of one of these types: its tool, its name, and the tool's other arguments."""
    for tool, schema in tools.items():
        for name, each in schema["properties"].items():
            if each.get("type") in types:
                yield tool, name, needed(schema)


def test_an_unknown_parameter_is_refused_by_name(agent: Agent, tools: Tools) -> None:
    for tool, schema in tools.items():
        told = agent.error(tool, **needed(schema), colour="red")
        assert "Wrong arguments: colour is not a parameter. This tool takes: " in told
        assert ", ".join(schema["properties"]) in told
    assert [] == agent.requests()


def test_every_missing_parameter_is_named(agent: Agent, tools: Tools) -> None:
    for tool, schema in tools.items():
        if required := schema.get("required"):
            told = agent.error(tool)
            assert [] == [name for name in required if f"{name} is required" not in told]
    assert [] == agent.requests()


def test_no_id_may_be_blank(agent: Agent, tools: Tools) -> None:
    ids = [each for each in parameters(tools, "string") if each[1].endswith("_id")]
    assert len(ids) > 100
    for tool, name, arguments in ids:
        assert f"{name}: is empty" in agent.error(tool, **{**arguments, name: " "})
    assert [] == agent.requests()


def test_objects_and_lists_may_be_spelled_as_json_text(agent: Agent, tools: Tools) -> None:
    structured = list(parameters(tools, "object", "array"))
    assert {
        "attribute_ids",
        "events",
        "expand",
        "remove_labels",
        "settings",
        "user_ids",
        "values",
        "values_by_name",
    } == {name for _, name, _ in structured}
    for tool, name, arguments in structured:
        text = json.dumps(fitting(tools[tool]["properties"][name]))
        told = agent.error(tool, **{**arguments, name: f"\n{text} "})
        assert "Infinity does not know this (404)" in told
        told = agent.error(tool, **{**arguments, name: text[:-1]})
        assert f"Wrong arguments: {name}" in told


def test_null_for_what_is_optional_counts_as_left_out(agent: Agent, tools: Tools) -> None:
    for tool, schema in tools.items():
        arguments = needed(schema)
        nulls = {
            name: None
            for name, each in schema["properties"].items()
            if name not in arguments and "type" in each
        }
        assert len(nulls) >= 1
        left_out, null = agent.call(tool, **arguments), agent.call(tool, **arguments, **nulls)
        assert left_out == null
