"""How the arguments of a tool are checked, and how their schema is shown."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from pydantic import ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mcpserver.infinity import JsonObject


class ToolArguments(FuncMetadata):
    """Unknown arguments are refused by name; null for an optional one counts as left out."""

    @classmethod
    def of(cls, metadata: FuncMetadata) -> ToolArguments:
        model = metadata.arg_model
        strict = type(model.__name__, (model,), {"model_config": ConfigDict(extra="forbid")})
        return cls(arg_model=cast("type[ArgModelBase]", strict))

    @cached_property
    def lean_schema(self) -> JsonObject:
        """The JSON schema without pydantic's titles, which repeat the names."""
        return cast("JsonObject", _without_titles(self.arg_model.model_json_schema(by_alias=True)))

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing: the SDK would also parse texts that happen to be JSON. See params.FromJson."""
        return data

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        properties = self.lean_schema["properties"]
        given = {
            name: value
            for name, value in arguments_to_validate.items()
            if value is not None or _takes_null(properties.get(name, {}))
        }
        try:
            return super().validate_arguments(given)
        except ValidationError as error:
            raise ToolError(
                _explained(error.errors(include_url=False), list(properties))
            ) from error


def _takes_null(schema: JsonObject) -> bool:
    """Whether null is a value here; a schema that says nothing about types takes anything."""
    arms = schema.get("anyOf", [schema])
    return any(arm.get("type", "null" if "enum" not in arm else "") == "null" for arm in arms)


def _explained(faults: list[ErrorDetails], names: list[str]) -> str:
    lines = [_fault(fault) for fault in faults[:8]]
    if len(faults) > len(lines):
        lines.append(f"and {len(faults) - len(lines)} more")
    return f"Wrong arguments: {'; '.join(lines)}. This tool takes: {', '.join(names)}."


def _fault(fault: ErrorDetails) -> str:
    where = ".".join(str(part) for part in fault["loc"])[:100]
    match fault["type"]:
        case "extra_forbidden":
            return f"{where} is not a parameter"
        case "missing":
            return f"{where} is required"
        case _:
            return f"{where}: {fault['msg'].removeprefix('Value error, ')}"


def _without_titles(schema: Any, *, names: bool = False) -> Any:
    """`names` is true inside `properties`, where `title` is a parameter's name."""
    if isinstance(schema, list):
        return [_without_titles(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value, names=key == "properties" and not names)
        for key, value in schema.items()
        if names or key != "title"
    }
