"""What is listed can be used by every client, and more than that is accepted.

Some model providers refuse a whole catalogue for one schema; see tests/providers.py. OAuth callers
are in tests/oauthbridge/test_listed_schemas.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeUser
from tests.providers import MAX_TOOLS, parts, refused
from tests.support import Server

KEYWORDS = {"type", "description", "enum", "format", "properties", "required", "items"}
UNLISTED = {
    "response_format",
    "before",
    "sort_by",
    "sort_direction",
    "name",
    "values_by_name",
}
TITLED = ("infinity_create_item", "infinity_update_item", "infinity_create_subitem")

Listed = list[dict[str, Any]]


@pytest.fixture(params=["admin", "read-only"])
def listed(request: pytest.FixtureRequest, server: Server, make_user: MakeUser) -> Listed:
    _, key = make_user("bob", request.param)
    return server.listing(key)


def test_every_provider_takes_every_tool(listed: Listed) -> None:
    assert {} == {tool["name"]: faults for tool in listed if (faults := refused(tool))}


def test_no_provider_gets_too_many_tools(listed: Listed) -> None:
    assert len(listed) <= MAX_TOOLS


def test_every_part_of_a_schema_has_a_type_and_nothing_that_clients_misread(
    listed: Listed,
) -> None:
    for tool in listed:
        root = tool["inputSchema"]
        assert isinstance(root["properties"], dict)  # MCP's root is an object, also an empty one
        for place, schema in parts(root):
            where = f"{tool['name']}: {place}"
            assert schema.keys() <= KEYWORDS, where
            assert isinstance(schema["type"], str), where
            assert schema.get("format", "date-time") == "date-time", where
            assert ("items" in schema) == (schema["type"] == "array"), where
            assert schema is root or schema["type"] != "object" or schema["properties"], where


def test_what_is_unlisted_is_in_no_schema(listed: Listed) -> None:
    for tool in listed:
        unlisted = UNLISTED if tool["name"] in TITLED else UNLISTED - {"name"}
        assert not unlisted & tool["inputSchema"]["properties"].keys(), tool["name"]


def tool(schema: dict[str, Any], **changes: Any) -> dict[str, Any]:
    root = {"type": "object", "properties": {"a": schema}}
    return {"name": "do", "description": "Does.", "inputSchema": root, **changes}


def object_of(schema: dict[str, Any], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema, **properties}}


def in_lists(schema: dict[str, Any], levels: int) -> dict[str, Any]:
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


STRING = {"type": "string"}
DEEP = object_of(object_of(object_of(object_of(STRING))))  # with the root of a tool, five
ROWS = in_lists(object_of(in_lists(object_of(in_lists(STRING, 1)), 1)), 1)
WIDE = {f"p{number}": STRING for number in range(98)}
LONG = {f"{'p' * 60}{number}": {**STRING, "enum": ["x" * 150]} for number in range(72)}


@pytest.mark.parametrize(
    "wrong",
    [
        tool({}),
        tool({"description": "anything"}),
        tool({"type": "object"}),
        tool({"type": "object", "properties": {}}),
        tool({"type": "object", "additionalProperties": True}),
        tool({"type": "object", "additionalProperties": STRING, "properties": {"b": STRING}}),
        tool({"type": "object", "properties": {"b": {}}}),
        tool({"type": "array"}),
        tool({"type": "array", "items": {}}),
        tool({"type": "array", "items": STRING, "minItems": 2}),
        tool({"type": ["string", "null"]}),
        tool({"anyOf": [STRING, {"type": "null"}]}),
        tool({"oneOf": [STRING, {"type": "integer"}]}),
        tool({"$ref": "#/$defs/A"}),
        tool({"type": "string", "const": "a"}),
        tool({"type": "string", "enum": ["a", ""]}),
        tool({"type": "integer", "enum": [1, 2]}),
        tool({"type": "string", "format": "uri"}),
        tool({"type": "string", "format": "email"}),
        tool({"type": "string", "default": None}),
        tool({"type": "integer", "default": 50}),
        tool({"type": "integer", "exclusiveMinimum": 0}),
        tool({"type": "integer", "minimum": 1, "maximum": 100}),
        tool({"type": "string", "pattern": "^a$"}),
        tool({"type": "string", "title": "A"}),
        tool(object_of(DEEP)),
        tool(in_lists(STRING, 10)),
        tool(STRING, inputSchema=object_of(STRING, b=STRING, **WIDE, c=STRING)),
        tool({**STRING, "enum": [f"choice {number}" for number in range(501)]}),
        tool(STRING, inputSchema=object_of(STRING, **LONG)),
        tool({**STRING, "enum": []}),
        tool({**STRING, "enum": ["a", "a"]}),
        tool({**STRING, "description": "x" * 1025}),
        tool(object_of({**STRING, "description": "x" * 1025})),
        tool(STRING, inputSchema={**object_of(STRING), "required": ["a", "a"]}),
        tool(STRING, inputSchema={**object_of(STRING), "required": ["b"]}),
        tool(object_of(STRING, **{"b-c": STRING})),
        tool(object_of(STRING, **{"1": STRING})),
        tool(object_of(STRING, **{"": STRING})),
        tool(object_of(STRING, **{"p" * 65: STRING})),
        tool(STRING, name=""),
        tool(STRING, name="do.it"),
        tool(STRING, name="d" * 39),
        tool(STRING, name="do it"),
        tool(STRING, name="d" * 60),
        tool(STRING, description="x" * 1025),
        tool(STRING, inputSchema={"type": "object"}),
        tool(STRING, inputSchema={"type": "object", "properties": {}, "anyOf": []}),
        tool(STRING, inputSchema={"type": "object", "properties": {"a b": STRING}}),
    ],
)
def test_a_tool_that_a_provider_refuses_is_found(wrong: dict[str, Any]) -> None:
    assert [] == refused(tool(STRING))
    assert [] == refused(tool({}, inputSchema={"type": "object", "properties": {}}))
    assert refused(wrong)


@pytest.mark.parametrize(
    "right",
    [
        tool(DEEP),
        tool(in_lists(STRING, 9)),
        # A list of rows, each with a list of entries that hold a list; `items` may be a name.
        tool(STRING, inputSchema=object_of(STRING, items=ROWS)),
        tool(STRING, inputSchema=object_of(STRING, **WIDE)),
        tool({**STRING, "description": "x" * 1024}, description="x" * 1024),
        tool(STRING, name="d" * 38),
    ],
)
def test_a_tool_at_the_limits_is_taken(right: dict[str, Any]) -> None:
    assert [] == refused(right)
