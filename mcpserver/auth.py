"""From a bearer credential to the Caller, and the Caller of the call under way."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import DatabaseError, close_old_connections
from starlette.datastructures import Headers

from accounts.caller import Caller
from accounts.models import ApiKey
from accounts.scopes import SCOPES

logger = logging.getLogger(__name__)

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
    parts = [f'scope="{" ".join(SCOPES)}"']
    if credential:
        parts.insert(0, 'error="invalid_token", error_description="Unknown, expired or revoked"')
    return f"Bearer {', '.join(parts)}"


async def authenticate(credential: str) -> Caller | None:
    """The caller whose live API key this is, or None.

    Raises django.db.Error while the database is away: no answer is then given either way.
    """
    # A thread of its own, and no longer than this: calls wait long for Infinity.
    async with ThreadSensitiveContext():
        return await sync_to_async(_authenticate)(credential)


def _authenticate(credential: str) -> Caller | None:
    close_old_connections()  # what Django's own handler does around a request
    try:
        key = ApiKey.objects.authenticate(credential)
        if key is None:
            return None
        _note_use(key)
        return key.caller()
    finally:
        close_old_connections()


def _note_use(credential: ApiKey) -> None:
    """That it cannot be written down is no reason to refuse a caller."""
    try:
        credential.touch()
    except DatabaseError:
        logger.warning("The last use of a credential could not be noted", exc_info=True)
