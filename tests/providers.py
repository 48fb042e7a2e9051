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
# Clients put the server's name before a tool's; this is the longest that leaves room for ours.
PREFIX = "mcp__infinity_workspaces__"
MAX_DESCRIPTION = 1024  # characters
MAX_TOOLS = 128
# OpenAI's limits of one strict function, where they were narrower at first, those.
MAX_PROPERTIES, MAX_CHOICES, MAX_NAMES = 100, 500, 15_000  # in all; of names, characters
MAX_OBJECTS, MAX_LEVELS = 5, 10  # in each other; levels count lists too


def refused(tool: dict[str, Any]) -> list[str]:
    """What any of them would say of a tool of `tools/list`; nothing when all take it."""
    rules = (refused_by_any, refused_by_gemini, refused_by_openai, refused_by_anthropic)
    return [fault for rule in rules for fault in rule(tool)]


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
    if depth(root, "object") > MAX_OBJECTS or depth(root, "object", "array") > MAX_LEVELS:
        yield "OpenAI: it is nested too deeply"
    names = [name for _, schema in found for name in schema.get("properties", ())]
    choices = [str(choice) for _, schema in found for choice in schema.get("enum", ())]
    if len(names) > MAX_PROPERTIES or len(choices) > MAX_CHOICES:
        yield "OpenAI: there is too much"
    if sum(map(len, names + choices)) > MAX_NAMES:
        yield "OpenAI: its names and choices are too long"


def refused_by_any(tool: dict[str, Any]) -> Iterator[str]:
    """What JSON Schema forbids, or at least one of them."""
    for place, schema in [("tool", tool), *parts(tool["inputSchema"])]:
        if len(schema.get("description", "")) > MAX_DESCRIPTION:
            yield f"{place}: the description is too long"
        if schema.get("enum") == []:
            yield f"{place}: the enum is empty"
        for names in (schema.get("enum", []), schema.get("required", [])):
            if len(names) != len(set(map(str, names))):
                yield f"{place}: a name stands twice"
        # Some clients make identifiers of them.
        for name in schema.get("properties", ()):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
                yield f"{place}: the name {name!r}"


def refused_by_anthropic(tool: dict[str, Any]) -> Iterator[str]:
    """A tool, also with `strict`; names are those that clients with several servers give it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", PREFIX + tool["name"]):
        yield f"Anthropic: the name {tool['name']}"
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


def depth(schema: Schema, *types: str) -> int:
    """How many schemas of these types are in each other, the outermost included."""
    inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
    return (schema.get("type") in types) + max((depth(each, *types) for each in inner), default=0)


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
