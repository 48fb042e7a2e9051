"""Validates the fields of MCP users."""

from __future__ import annotations

from django.core.exceptions import ValidationError


def validate_tools(value: object) -> None:
    """Raise ValidationError unless `value` is a list of tool names."""
    if not isinstance(value, list) or not all(isinstance(tool, str) and tool for tool in value):
        raise ValidationError("Allowed tools are a list of tool names.", code="invalid")
