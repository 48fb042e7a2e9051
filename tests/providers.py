"""What the strictest model providers refuse in a listed tool, each by its own documented rules.

One tool that is refused costs a client the whole catalogue. A client turns MCP's tool into the form
of its provider and adds what is missing there, but seldom removes anything: so do these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

ANNOTATED = {"type", "description", "enum", "properties", "required", "items", "format"}
# What Gemini's Schema has in every version; its libraries refuse unknown keywords.
GEMINI_KEYWORDS = ANNOTATED | {"nullable"}
GEMINI_FORMATS = {
    "string": {"enum", "date-time"},
    "integer": {"int32", "int64"},
    "number": {"float", "double"},
}
OPENAI_KEYWORDS = ANNOTATED | {"additionalProperties"}
OPENAI_FORMATS = {
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
}
# An `anyOf` is missing here: it is refused at the root, and clients misread it elsewhere.
ANTHROPIC_KEYWORDS = ANNOTATED | {"additionalProperties", "default", "const"}
ANTHROPIC_FORMATS = OPENAI_FORMATS | {"uri"}
MAX_PREFIX_LENGTH = "mcp__infinity_workspaces__"  # clients put the server's name before a tool's


def refused(tool: dict[str, Any]) -> list[str]:
    """What any of them would say of a tool of `tools/list`; nothing when all take it."""
    return [*refused_by_gemini(tool), *refused_by_openai(tool), *refused_by_anthropic(tool)]


def refused_by_gemini(tool: dict[str, Any]) -> Iterator[str]:
    """FunctionDeclaration. A function without parameters is declared without a schema."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", tool["name"]):
        yield f"Gemini: the name {tool['name']}"
    if not tool["inputSchema"].get("properties"):
        return
    for place, schema in parts(tool["inputSchema"]):
        kind = schema.get("type")
        yield from (f"Gemini: {place}.{key}" for key in schema.keys() - GEMINI_KEYWORDS)
        if kind not in ("string", "integer", "number", "boolean", "array", "object"):
            yield f"Gemini: {place} has no type"
        if kind == "object" and not schema.get("properties"):
            yield f"Gemini: {place}.properties should be non-empty"
        if kind == "array" and "items" not in schema:
            yield f"Gemini: {place} has no items"
        if "format" in schema and schema["format"] not in GEMINI_FORMATS.get(str(kind), ()):
            yield f"Gemini: {place}.format"
        if "enum" in schema and not (kind == "string" and all(is_name(e) for e in schema["enum"])):
            yield f"Gemini: {place}.enum"
        if not set(schema.get("required", ())) <= schema.get("properties", {}).keys():
            yield f"Gemini: {place}.required"


def refused_by_openai(tool: dict[str, Any]) -> Iterator[str]:
    """A strict function, made so by the client: closed, with every property required."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"]):
        yield f"OpenAI: the name {tool['name']}"
    if len(tool["description"]) > 1024:
        yield "OpenAI: the description is too long"
    root = tool["inputSchema"]
    if root.get("type") != "object" or "properties" not in root:
        yield "OpenAI: the root is no object with properties"
    found = [(place, strict(schema)) for place, schema in parts(root)]
    for place, schema in found:
        yield from (f"OpenAI: {place}.{key}" for key in schema.keys() - OPENAI_KEYWORDS)
        if "type" not in schema:
            yield f"OpenAI: {place} has no type"
        if schema.get("type") == "object" and "properties" not in schema:
            yield f"OpenAI: {place} is an object without properties"
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            yield f"OpenAI: {place} is open"
        if "format" in schema and schema["format"] not in OPENAI_FORMATS:
            yield f"OpenAI: {place}.format"
        if place.count(".properties.") + place.count(".items") > 5:
            yield f"OpenAI: {place} is nested too deeply"
    if len(found) > 100 or sum(len(schema.get("enum", ())) for _, schema in found) > 500:
        yield "OpenAI: there is too much"


def refused_by_anthropic(tool: dict[str, Any]) -> Iterator[str]:
    """A tool, also with `strict`; names are those that clients with several servers give it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", MAX_PREFIX_LENGTH + tool["name"]):
        yield f"Anthropic: the name {tool['name']}"
    if len(tool["description"]) > 1024:
        yield "Anthropic: the description is too long"
    if tool["inputSchema"].get("type") != "object":
        yield "Anthropic: the root is no object"
    for place, schema in parts(tool["inputSchema"]):
        schema = strict(schema)
        yield from (f"Anthropic: {place}.{key}" for key in schema.keys() - ANTHROPIC_KEYWORDS)
        if "type" not in schema:
            yield f"Anthropic: {place} has no type"
        if schema.get("additionalProperties", False) is not False:
            yield f"Anthropic: {place} is open"
        if "format" in schema and schema["format"] not in ANTHROPIC_FORMATS:
            yield f"Anthropic: {place}.format"
        for name in schema.get("properties", {}):
            if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
                yield f"Anthropic: {place}.{name}"


def strict(schema: Schema) -> Schema:
    """As clients prepare it for strict tools: what is open on purpose stays open."""
    if schema.get("type") != "object":
        return schema
    closed = {"additionalProperties": False, "required": list(schema.get("properties", ()))}
    return {**closed, **schema, "required": closed["required"]}


def parts(schema: Schema, place: str = "parameters") -> Iterator[tuple[str, Schema]]:
    """The schema and all schemas in it, each with where it stands."""
    yield place, schema
    for name, each in schema.get("properties", {}).items():
        yield from parts(each, f"{place}.properties.{name}")
    if "items" in schema:
        yield from parts(schema["items"], f"{place}.items")


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
