"""Re-exports the scopes, which `credentials` defines because it must not import this app."""

from __future__ import annotations

from credentials.scopes import (
    ACCESS,
    ADMIN,
    READ,
    SCOPES,
    WRITE,
    UnknownScope,
    known_scopes,
    parse_scopes,
    validate_scopes,
)

__all__ = [
    "ACCESS",
    "ADMIN",
    "READ",
    "SCOPES",
    "WRITE",
    "UnknownScope",
    "known_scopes",
    "parse_scopes",
    "validate_scopes",
]
