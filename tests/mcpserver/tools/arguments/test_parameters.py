"""What every tool does with arguments that are wrong, or written in another way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent
from tests.support import text_of

Schema = dict[str, Any]
Tools = dict[str, Schema]

UUID = "0c9f4e1a-1111-4c3d-9a55-000000000001"
# What fits where the schema alone does not say it.
FITTING = {
    "attribute_id": UUID,
    "attribute_ids": UUID,
    "board_id": "zzzzzzzzzz1",
    "color": "#123456",
    "content_type": "text/plain",
    "email": "a@example.org",
    "ended_at": "2026-12-01",
    "events": '[{"event": "item.created"}]',
    "folder_id": "zzzzzzzzzz1",
    "settings": '{"a": 1}',
    "started_at": "2026-12-01",
    "url": "https://example.org/",
    "user_ids": "7",
    "view_id": UUID,
}
# What null clears.
CLEARED = {"color", "default_data", "description", "ended_at", "parent_id", "started_at"}


@pytest.fixture
def tools(agent: Agent) -> Tools:
    """The schema of each tool's arguments."""
    listed = agent.portal.call(agent.client.list_tools)
    return {tool.name: tool.input_schema for tool in listed.tools}


def fitting(name: str, schema: Schema) -> Any:
    """A value that fits. As an id it is none: Infinity answers 404."""
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"type": "integer"}:
            return 7
        case {"type": "array", "items": items}:
            return [fitting(name, items)]
        case {"type": "object"}:
            return {"attribute": "Name", "value": "a"}
        case _:
            return FITTING.get(name, "7")


def needed(schema: Schema) -> dict[str, Any]:
    """The arguments that must be there."""
    properties = schema["properties"]
    return {name: fitting(name, properties[name]) for name in schema.get("required", [])}


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
    structured = list(parameters(tools, "array"))
    names = {"attribute_ids", "clear", "expand", "remove_labels", "user_ids", "values"}
    assert names == {name for _, name, _ in structured}
    for tool, name, arguments in structured:
        text = json.dumps(fitting(name, tools[tool]["properties"][name]))
        told = agent.error(tool, **{**arguments, name: f"\n{text} "})
        assert "Infinity does not know this (404)" in told
        told = agent.error(tool, **{**arguments, name: '["a", "b"'})
        assert f"Wrong arguments: {name}" in told


def test_null_for_what_is_optional_counts_as_left_out(agent: Agent, tools: Tools) -> None:
    for tool, schema in tools.items():
        arguments = needed(schema)
        nulls = {
            name: None
            for name in [*schema["properties"], "response_format"]
            if name not in arguments and name not in CLEARED
        }
        left_out, null = agent.call(tool, **arguments), agent.call(tool, **arguments, **nulls)
        assert left_out.structured_content == null.structured_content, tool
        # An update that has nothing left to change says which nulls it left out.
        assert text_of(null).startswith(text_of(left_out)), tool
