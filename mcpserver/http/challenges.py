"""Builds WWW-Authenticate challenges, and says in words what to do after a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings

from accounts.caller import Caller
from accounts.scopes import SCOPES

_WRONG = "This key or token is unknown, expired or revoked"
NOT_IN_CREDENTIALS = re.compile(r"[\s\"'<>`]")  # neither a key nor a token has these


def challenge(credential: str | None) -> str:
    """The WWW-Authenticate header of a 401 (RFC 6750 §3): without `error` for no credential."""
    error = f'error="invalid_token", error_description="{_WRONG}"'
    return _challenge(error if credential else "", SCOPES)


def remedy(credential: str | None) -> str:
    """What a client should do after a 401, in words."""
    if credential and NOT_IN_CREDENTIALS.search(credential):
        return f"{_WRONG}: send the key alone, without quotes, spaces or a second Bearer."
    ways = ["send a live key as `Authorization: Bearer <key>`."]
    if settings.OAUTH_ENABLED:
        ways.insert(0, "sign in again" if credential else "sign in")
    what = ", or ".join(ways)
    return f"{_WRONG}: {what}" if credential else f"{what[0].upper()}{what[1:]}"


def step_up_challenge(caller: Caller, scope: str) -> str:
    """The WWW-Authenticate header for a call that needs `scope` too. It names all scopes of the
    next token, which replaces this one."""
    needed = caller.policy.scopes | {scope}
    error = 'error="insufficient_scope", error_description="The call needs another scope"'
    return _challenge(error, [each for each in SCOPES if each in needed])


def _challenge(error: str, scopes: Iterable[str]) -> str:
    metadata = ""
    if settings.OAUTH_ENABLED:
        url = f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"
        metadata = f'resource_metadata="{url}"'
    parts = (error, metadata, f'scope="{" ".join(scopes)}"')
    return f"Bearer {', '.join(filter(None, parts))}"
