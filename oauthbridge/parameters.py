"""Reads the parameters of an OAuth request: drops what counts as left out, compares `resource`."""

from __future__ import annotations

from django.conf import settings
from django.http import QueryDict

from accounts.scopes import SCOPES

# All others are ignored (RFC 6749 §3.1), however often they come.
KNOWN = frozenset(
    {"client_id", "client_secret", "code", "code_challenge", "code_challenge_method"}
    | {"code_verifier", "grant_type", "redirect_uri", "refresh_token", "resource"}
    | {"response_type", "scope", "state", "token", "token_type_hint"}
)
DEFAULT_PORTS = {"https": 443, "http": 80}
# A proxy and a browser pass on about as much; code, verifier and token are far shorter.
LONGEST_QUERY = 16_000
LARGEST_BODY = 128 * 1024  # bytes


def as_meant(parameters: QueryDict) -> QueryDict:
    """The known ones that have a value (RFC 6749 §3.1); `scope` without unknown scopes."""
    meant = QueryDict(mutable=True)
    for name, values in parameters.lists():
        told = [_scopes(value) if name == "scope" else value for value in map(str, values)]
        if name in KNOWN and any(told):
            meant.setlist(name, [value for value in told if value])
    return meant


def repeated(parameters: QueryDict) -> list[str]:
    """Those that come twice (RFC 6749 §3.1). `resource` alone may (RFC 8707 §2)."""
    return [
        name
        for name, values in parameters.lists()
        if len(values) > 1 and name in KNOWN and name != "resource"
    ]


def has_null(parameters: QueryDict) -> bool:
    """PostgreSQL cannot look for it, and it is in no identifier."""
    return any("\0" in str(value) for _, values in parameters.lists() for value in values)


def is_for_this_server(resources: list[str]) -> bool:
    """Is `resource` (RFC 8707) absent, or nothing but the address of /mcp?"""
    return {_canonical(each) for each in resources} <= {settings.MCP_URL}


def _scopes(text: str) -> str:
    """Unknown scopes are left out where a known one stays (RFC 6749 §3.3)."""
    words = list(dict.fromkeys(text.split()))
    return " ".join([word for word in words if word in SCOPES] or words)


def _canonical(uri: str) -> str:
    """`uri` with scheme and host in lower case and without the scheme's own port (RFC 3986 §6)."""
    scheme, mark, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    scheme, authority = scheme.lower(), authority.lower()
    usual = f":{DEFAULT_PORTS.get(scheme)}"
    return f"{scheme}{mark}{authority.removesuffix(usual)}{slash}{path}"
