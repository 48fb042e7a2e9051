"""Parses parameters of OAuth requests: drops empty ones, compares `resource`."""

from __future__ import annotations

from django.conf import settings
from django.http import QueryDict

from accounts.scopes import SCOPES

# Other parameters are ignored (RFC 6749 §3.1), even repeated ones.
KNOWN = frozenset(
    {"client_id", "client_secret", "code", "code_challenge", "code_challenge_method"}
    | {"code_verifier", "grant_type", "redirect_uri", "refresh_token", "resource"}
    | {"response_type", "scope", "state", "token", "token_type_hint"}
)
GRANT_TYPES = ("authorization_code", "refresh_token")
DEFAULT_PORTS = {"https": 443, "http": 80}
# About what proxies and browsers pass on; code, verifier and token are far shorter.
MAX_QUERY_LENGTH = 16_000
MAX_BODY_BYTES = 128 * 1024  # bytes


def as_meant(parameters: QueryDict) -> QueryDict:
    """The known parameters with a value (RFC 6749 §3.1); `scope` without unknown scopes."""
    meant = QueryDict(mutable=True)
    for name, values in parameters.lists():
        told = [_scopes(value) if name == "scope" else value for value in map(str, values)]
        if name in KNOWN and any(told):
            meant.setlist(name, [value for value in told if value])
    return meant


def repeated(parameters: QueryDict) -> list[str]:
    """Parameters that come twice (RFC 6749 §3.1). Only `resource` may (RFC 8707 §2)."""
    return [
        name
        for name, values in parameters.lists()
        if len(values) > 1 and name in KNOWN and name != "resource"
    ]


def has_null(parameters: QueryDict) -> bool:
    """Is there a NUL, which no identifier has and PostgreSQL does not accept?"""
    return any("\0" in str(value) for _, values in parameters.lists() for value in values)


def is_for_this_server(resources: list[str]) -> bool:
    """Is `resource` (RFC 8707) absent, or only the address of /mcp?"""
    return {_canonical(each) for each in resources} <= {settings.MCP_URL}


def _scopes(text: str) -> str:
    """The scopes without unknown ones, if a known one stays (RFC 6749 §3.3)."""
    words = list(dict.fromkeys(text.split()))
    return " ".join([word for word in words if word in SCOPES] or words)


def _canonical(uri: str) -> str:
    """`uri` with scheme and host in lower case, without the default port (RFC 3986 §6)."""
    scheme, mark, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    scheme, authority = scheme.lower(), authority.lower()
    usual = f":{DEFAULT_PORTS.get(scheme)}"
    return f"{scheme}{mark}{authority.removesuffix(usual)}{slash}{path}"
