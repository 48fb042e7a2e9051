"""Defines the three scopes and the access words that stand for them.

They are defined here, in the lowest app, because profiles have scopes too. Other apps import them
from `accounts.scopes`.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError

READ = "infinity:read"
WRITE = "infinity:write"
ADMIN = "infinity:admin"
SCOPES: tuple[str, ...] = (READ, WRITE, ADMIN)

ACCESS: dict[str, tuple[str, ...]] = {
    "read-only": (READ,),
    "read-write": (READ, WRITE),
    "admin": SCOPES,
}


class UnknownScope(ValueError):
    """A scope that this server does not know."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"Unknown scope {scope!r}. Known scopes: {', '.join(SCOPES)}.")
        self.scope = scope


def parse_scopes(text: str) -> tuple[str, ...]:
    """The scopes named in `text`, separated by commas or spaces, in the order of `SCOPES`."""
    named = text.replace(",", " ").split()
    for scope in named:
        if scope not in SCOPES:
            raise UnknownScope(scope)
    return tuple(scope for scope in SCOPES if scope in named)


def known_scopes(stored: object) -> frozenset[str]:
    """The scopes in a stored list. Anything else, a damaged value included, grants nothing."""
    return frozenset(scope for scope in SCOPES if isinstance(stored, list) and scope in stored)


def every_scope() -> list[str]:
    """A new list of all scopes, the default of a profile."""
    return list(SCOPES)


def validate_scopes(value: object) -> None:
    """Raise ValidationError unless `value` is a list of different known scopes."""
    if not isinstance(value, list):
        raise ValidationError("Scopes are a list.", code="invalid")
    for scope in value:
        if scope not in SCOPES:
            raise ValidationError(str(UnknownScope(scope)), code="unknown")
    if len(value) != len(set(value)):
        raise ValidationError("A scope is listed twice.", code="duplicate")
