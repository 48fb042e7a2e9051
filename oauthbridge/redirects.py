"""Validates redirect URIs, and compares them with the registered ones.

URIs are compared as texts, never by their parsed parts, so that no two readings of one can differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
MAX_URI_LENGTH = 2000
MAX_HOST_LENGTH = 262  # a DNS name and a port
# Schemes of editors and MCP clients without the dot that RFC 8252 §7.1 requires in an app's own
# scheme. Operators add others (OAUTH_ALLOWED_REDIRECT_SCHEMES), as an unknown one may be anything.
KNOWN_SCHEMES = frozenset(
    {"antigravity", "claude", "code-oss", "cursor", "goose", "jetbrains", "kiro", "lmstudio"}
    | {"obsidian", "positron", "raycast", "trae", "vscode", "vscode-insiders", "vscodium"}
    | {"warp", "windsurf", "windsurf-next", "zed"}
)
# Schemes that run what follows them, or belong to other protocols. Operators cannot add these.
UNSAFE_SCHEMES = frozenset(
    {"about", "blob", "chrome", "content", "data", "file", "filesystem", "ftp", "http", "https"}
    | {"intent", "jar", "javascript", "mailto", "sms", "ssh", "tel", "vbscript", "view-source"}
    | {"ws", "wss"}
)

_URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_PORT = r"(?::[1-9]\d{0,4})?"
_AUTHORITY = re.compile(rf"(?:{_NAME}(?:\.{_NAME})*|\[[0-9a-f:.]+\]){_PORT}")
_LOOPBACK = re.compile(rf"(?:127\.0\.0\.1|localhost|\[::1\]){_PORT}")
_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_REVERSED_DOMAIN = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
_LOOPBACK_PORT = re.compile(r"\A(http://(?:127\.0\.0\.1|localhost|\[::1\])):\d{1,5}(?=/|\?|\Z)")


def problem_with(uri: str) -> str | None:
    """Why `uri` cannot be registered as a redirect URI, or None if it can."""
    if len(uri) > MAX_URI_LENGTH or not _URI_CHARACTERS.fullmatch(uri):
        return "it is too long, or has a fragment or characters that do not belong in a URI"
    try:
        parts = urlsplit(uri)
        valid = not parts.scheme or parts.port != 0
    except ValueError:  # an invalid port, or an unclosed bracket
        valid = False
    if not valid or not uri.startswith(f"{parts.scheme}:"):
        return "it is not an absolute URI in its usual spelling"
    if "@" in parts.netloc:
        return "it names a user"
    return _problem_with_scheme(parts)


def _problem_with_scheme(parts: SplitResult) -> str | None:
    if not parts.scheme:
        return "it has no scheme"
    if parts.scheme == "https":
        usual = len(parts.netloc) <= MAX_HOST_LENGTH and _AUTHORITY.fullmatch(parts.netloc)
        return None if usual else "it has no usual host or port"
    if parts.scheme == "http":
        return (
            None
            if _LOOPBACK.fullmatch(parts.netloc)
            else "http:// is for this machine only: 127.0.0.1, [::1] or localhost"
        )
    if not _is_app_scheme(parts.scheme):
        return (
            f"the scheme {parts.scheme[:40]}: is not accepted; use https, http on this machine,"
            " that of a known client (claude, cursor, vscode), or an app's own with a dot in it"
            " (com.example.app); the operator can add it to OAUTH_ALLOWED_REDIRECT_SCHEMES"
        )
    opens_app = parts.netloc or parts.path.startswith("/")
    return None if opens_app else f"no address follows {parts.scheme[:40]}:"


def _is_app_scheme(scheme: str) -> bool:
    known = KNOWN_SCHEMES.union(settings.OAUTH_ALLOWED_REDIRECT_SCHEMES)
    return scheme in known or _REVERSED_DOMAIN.fullmatch(scheme) is not None


def may_be_allowed(scheme: str) -> bool:
    """Can an operator allow `scheme`: is it valid, in lower case, and not unsafe?"""
    return _SCHEME.fullmatch(scheme) is not None and scheme not in UNSAFE_SCHEMES


def is_among(uri: str, registered: Iterable[str]) -> bool:
    """Is `uri` registered? Compares exactly, except for a loopback port (RFC 8252 §7.3)."""
    wanted = _without_loopback_port(uri)
    return any(wanted == _without_loopback_port(each) for each in registered)


def is_on_origin(uri: str, origins: Iterable[str]) -> bool:
    """Is `uri` a path, without query or fragment, on one of `origins` (`https://host[:port]`)?"""
    return any(
        uri.startswith(f"{origin}/") and _PATH.fullmatch(uri.removeprefix(origin)) is not None
        for origin in origins
    )


def is_origin(text: str) -> bool:
    """Is `text` an HTTPS origin in lower case, with no port or one other than 443?"""
    return (
        not text.endswith(":443")
        and re.fullmatch(r"https://[a-z0-9.\-]+(:[1-9]\d{0,4})?", text) is not None
    )


def host_of(uri: str) -> str:
    """The part of `uri` to show to a person: its host, or an app's own scheme."""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}://{parts.netloc}"


def is_loopback(uri: str) -> bool:
    """Does `uri` lead, over plain HTTP, to an app that listens on the person's own machine?"""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


def opens_app(uri: str) -> bool:
    """Does `uri` make the person's machine open an app?"""
    return urlsplit(uri).scheme not in ("http", "https")


def is_local(uri: str) -> bool:
    """Does `uri` lead to an app on the person's own machine?"""
    parts = urlsplit(uri)
    return parts.scheme != "https" or parts.hostname in LOOPBACK_HOSTS


def _without_loopback_port(uri: str) -> str:
    return _LOOPBACK_PORT.sub(r"\1", uri)
