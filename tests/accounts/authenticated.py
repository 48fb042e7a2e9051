"""Whom a key lets in."""

from __future__ import annotations

from accounts.models import ApiKey


def authenticated(key: str) -> str | None:
    """The name of the MCP user whom the key lets in."""
    record = ApiKey.objects.authenticate(key)
    return record.user.name if record else None
