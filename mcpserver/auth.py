"""From a bearer credential to the Caller, and the Caller of the call under way."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextvars import ContextVar

from django.conf import settings
from django.db import DatabaseError
from starlette.datastructures import Headers

from accounts.caller import Caller
from accounts.models import ApiKey
from accounts.scopes import SCOPES
from mcpserver.database import in_thread
from oauthbridge.models import AccessToken, Connection

logger = logging.getLogger(__name__)

_WRONG = "This key or token is unknown, expired or revoked"

_caller: ContextVar[Caller] = ContextVar("caller")


def current_caller() -> Caller:
    """Who makes the call under way. Raises LookupError outside of one."""
    return _caller.get()


def set_caller(caller: Caller) -> None:
    _caller.set(caller)


def bearer_credential(headers: Headers) -> str | None:
    """The credential of `Authorization: Bearer …`, the one place it may come in."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    return credential.strip() or None if scheme.lower() == "bearer" else None


def challenge(credential: str | None) -> str:
    """The WWW-Authenticate of a refusal (RFC 6750 §3): no `error` where nothing was presented."""
    error = f'error="invalid_token", error_description="{_WRONG}"'
    return _challenge(error if credential else "", SCOPES)


def remedy(credential: str | None) -> str:
    """What to do after a refusal, in words."""
    ways = ["send a live key as `Authorization: Bearer <key>`."]
    if settings.OAUTH_ENABLED:
        ways.insert(0, "sign in again" if credential else "sign in")
    what = ", or ".join(ways)
    return f"{_WRONG}: {what}" if credential else f"{what[0].upper()}{what[1:]}"


def step_up_challenge(caller: Caller, scope: str) -> str:
    """The WWW-Authenticate for a call that needs `scope` too: names all that the next token needs,
    because it takes the place of this one."""
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


async def authenticate(credential: str) -> Caller | None:
    """The caller whose live API key or, with OAuth on, access token this is; or None.

    Raises django.db.Error while the database is away: no answer is then given either way.
    """
    return await in_thread(_authenticate, credential)


async def is_guess(credential: str) -> bool:
    """Was a refused credential never one of this server's tokens? Clients go on with a token that
    has ended, until they are told. Raises as `authenticate` does."""
    if not settings.OAUTH_ENABLED:
        return True
    return not await in_thread(AccessToken.objects.was_issued, credential)


def _authenticate(credential: str) -> Caller | None:
    key = ApiKey.objects.authenticate(credential)
    if key:
        _note_use(key)
        return key.caller()
    return _authenticate_token(credential) if settings.OAUTH_ENABLED else None


def _authenticate_token(credential: str) -> Caller | None:
    token = AccessToken.objects.authenticate(credential)
    if token is None or token.connection is None:
        return None
    _note_use(token.connection)
    return token.caller()


def _note_use(credential: ApiKey | Connection) -> None:
    """That it cannot be written down is no reason to refuse a caller."""
    try:
        credential.touch()
    except DatabaseError:
        logger.warning("The last use of a credential could not be noted", exc_info=True)
