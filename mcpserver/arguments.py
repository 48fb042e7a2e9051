"""How the arguments of a tool are checked, and how their schema is shown."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from pydantic import ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mcpserver.infinity import JsonObject
from mcpserver.left_out import takes_null, without_left_out


class ToolArguments(FuncMetadata):
    """Unknown arguments are refused by name; see left_out for null and empty ones."""

    updates: bool = False

    @classmethod
    def of(cls, metadata: FuncMetadata, *, updates: bool = False) -> ToolArguments:
        model = metadata.arg_model
        strict = type(model.__name__, (model,), {"model_config": ConfigDict(extra="forbid")})
        return cls(arg_model=cast("type[ArgModelBase]", strict), updates=updates)

    @cached_property
    def lean_schema(self) -> JsonObject:
        """The JSON schema without pydantic's titles, which repeat the names."""
        return cast("JsonObject", _without_titles(self.arg_model.model_json_schema(by_alias=True)))

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing: the SDK would also parse texts that happen to be JSON. See params.FromJson."""
        return data

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        properties = self.lean_schema["properties"]
        try:
            return super().validate_arguments(self._meant(arguments_to_validate))
        except ValidationError as error:
            raise ToolError(
                _explained(error.errors(include_url=False), list(properties))
            ) from error

    def _meant(self, arguments: dict[str, Any]) -> JsonObject:
        fields = self.arg_model.model_fields
        given = without_left_out(arguments, fields, updates=self.updates)
        # Null for a required parameter is a missing one.
        return {
            name: value
            for name, value in given.items()
            if value is not None or name not in fields or takes_null(fields[name])
        }


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
