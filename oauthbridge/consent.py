"""Defines the most that a consent can allow."""

from __future__ import annotations

from django.conf import settings

from accounts.policy import Policy
from accounts.scopes import known_scopes


def granted(scopes: list[str]) -> Policy:
    """What `scopes` allow an OAuth client, before the MCP user's own rights narrow it."""
    return Policy(known_scopes(scopes), frozenset(settings.OAUTH_ALLOWED_TOOLS) or None)
