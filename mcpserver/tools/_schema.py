"""Validates the arguments of a tool, and builds its listed schema."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, cast

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from pydantic import MISSING, ConfigDict, ValidationError, WithJsonSchema, create_model
from pydantic_core import ErrorDetails

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.caps import shown_name, within_caps
from mcpserver.content.values.clearing import CLEAR
from mcpserver.content.values.left_out import clearable_in, takes_null, without_left_out
from mcpserver.infinity import JsonObject

# Keywords that every model provider accepts. Bounds are in the description or the error.
KEYWORDS = {"type", "description", "enum", "format", "properties", "required", "items"}
_WORDS = {
    "string_type": "must be text",
    "string_unicode": "has half a character",
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "must be a whole number"
    ),
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length}",
}


class ToolArguments(FuncMetadata):
    """Validates arguments. Unknown ones are refused; see left_out for null and empty ones."""

    updates: bool = False

    @classmethod
    def of(cls, metadata: FuncMetadata, *, updates: bool = False) -> ToolArguments:
        """The arguments of a function from the SDK's metadata.

        Those of an update include `clear`, if it has optional fields that can be emptied. The
        function gets null for each of those that `clear` names.
        """
        model = metadata.arg_model
        strict = type(model.__name__, (model,), {"model_config": ConfigDict(extra="forbid")})
        if updates and (names := clearable_in(model.model_fields)):
            strict = create_model(model.__name__, __base__=strict, clear=_clear(names))
        return cls(arg_model=cast("type[ArgModelBase]", strict), updates=updates)

    @cached_property
    def lean_schema(self) -> JsonObject:
        """The JSON schema for the listing, without Unlisted parameters."""
        return _lean(self.arg_model.model_json_schema())

    @cached_property
    def names(self) -> list[str]:
        """The names of all accepted parameters, the listed ones first."""
        listed: JsonObject = self.lean_schema["properties"]
        return [*listed, *(name for name in self.arg_model.model_fields if name not in listed)]

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """Parse nothing: the SDK would also parse texts that only look like JSON."""
        return data

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        """The validated arguments. Raises ToolError with a text for the model."""
        try:
            given = self._without_left_out(within_caps(arguments_to_validate))
            validated = super().validate_arguments(given)
        except WrongValue as error:
            raise ToolError(str(error)) from error
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise ToolError(_explained(faults, self.names)) from error
        validated.pop(CLEAR, None)
        return validated

    def _without_left_out(self, arguments: dict[str, Any]) -> JsonObject:
        fields = self.arg_model.model_fields
        given = without_left_out(arguments, fields, updates=self.updates)
        # Null for a required parameter is a missing one.
        return {
            name: value
            for name, value in given.items()
            if value is not None or name not in fields or takes_null(fields[name])
        }


def _clear(names: list[str]) -> Any:
    """The type and default of `clear`, which `without_left_out` checks."""
    listed = {
        "description": "Fields to empty",
        "type": "array",
        "items": {"type": "string", "enum": names},
    }
    return (Annotated[list[str], WithJsonSchema(listed)] | MISSING, MISSING)


def _explained(faults: list[ErrorDetails], names: list[str]) -> str:
    lines = [_fault(fault) for fault in faults[:8]]
    if len(faults) > len(lines):
        lines.append(f"and {len(faults) - len(lines)} more")
    return f"Wrong arguments: {'; '.join(lines)}. This tool takes: {', '.join(names)}."


def _fault(fault: ErrorDetails) -> str:
    where = ".".join(str(part) for part in fault["loc"])[:100]
    match fault["type"]:
        case "extra_forbidden":
            return f"{shown_name(where)} is not a parameter"
        case "missing":
            return f"{where} is required"
        case "value_error":  # of mcpserver.tools._params
            return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
        case kind:
            words = _WORDS.get(kind, "is not what this parameter takes")
            return f"{where}: {words.format_map(fault.get('ctx', {}))}"


def _lean(schema: JsonObject) -> JsonObject:
    """A schema with KEYWORDS only. A type that may be null is listed without null."""
    if "anyOf" in schema:
        (schema,) = (arm for arm in schema["anyOf"] if arm != {"type": "null"})
    lean = {key: value for key, value in schema.items() if key in KEYWORDS}
    if "items" in lean:
        lean["items"] = _lean(lean["items"])
    if "properties" in lean:
        lean["properties"] = {name: _lean(each) for name, each in lean["properties"].items()}
    return lean
