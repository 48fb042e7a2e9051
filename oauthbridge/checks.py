"""System checks of the OAuth settings; none unless OAUTH_ENABLED."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.http.request import split_domain_port, validate_host

from oauthbridge import redirects
from oauthbridge.server.parameters import DEFAULT_PORTS
from oauthbridge.validators import MIN_SECRET_LENGTH

LONGEST = 255  # characters that an Application can hold
CLIENT_VARIABLES = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_ALLOWED_REDIRECT_ORIGINS")
ALTERNATIVE = " Or let clients register themselves: OAUTH_DYNAMIC_REGISTRATION=true."
PURPOSES = {
    "OAUTH_PUBLIC_URL": "The https:// address, without a path, at which clients reach this server.",
    "OAUTH_MCP_USER": "The MCP user that the consent page proposes, by its name.",
    "OAUTH_CLIENT_ID": "Choose one, and enter it in the client too (docs/chatgpt.md).",
    "OAUTH_CLIENT_SECRET": "Make one with `openssl rand -hex 32`, and enter it in the client too.",
    "OAUTH_ALLOWED_REDIRECT_ORIGINS": "Where that client sends people back to, such as"
    " https://chatgpt.com.",
}


@register()
def oauth_is_configured(**kwargs: Any) -> list[CheckMessage]:
    """Report settings of OAuth that are missing, wrong or too weak, if OAuth is on."""
    if not settings.OAUTH_ENABLED:
        return []
    return [
        *_missing(),
        *_wrong_url(),
        *_unserved_host(),
        *_wrong_origins(),
        *_weak_secret(),
        *_too_long(),
        *_wrong_schemes(),
    ]


def is_public_url(text: str) -> bool:
    """Is `text` an address without a path, over HTTPS unless it is on this machine?"""
    try:
        parts = urlsplit(text)
        valid = parts.port != 0
    except ValueError:
        return False
    secure = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in redirects.LOOPBACK_HOSTS
    )
    plain = text == f"{parts.scheme}://{parts.netloc}".lower() and "@" not in text
    # Clients leave out the default port, and tokens are valid for one spelling of the address only.
    usual = parts.port != DEFAULT_PORTS.get(parts.scheme) and not parts.netloc.endswith(":")
    return bool(valid and secure and plain and usual and parts.hostname)


def _missing() -> list[CheckMessage]:
    required = {"OAUTH_PUBLIC_URL": settings.PUBLIC_URL, "OAUTH_MCP_USER": settings.OAUTH_MCP_USER}
    client = {name: getattr(settings, name) for name in CLIENT_VARIABLES}
    # If clients register themselves, the settings need not name one.
    if any(client.values()) or not settings.OAUTH_DYNAMIC_REGISTRATION:
        required |= client
    return [
        Error(f"{name} is not set, but OAUTH_ENABLED is.", hint=_purpose(name), id=_id(1))
        for name, value in required.items()
        if not value
    ]


def _purpose(name: str) -> str:
    asks_for_client = name in CLIENT_VARIABLES and not settings.OAUTH_DYNAMIC_REGISTRATION
    return PURPOSES[name] + (ALTERNATIVE if asks_for_client else "")


def _wrong_url() -> list[CheckMessage]:
    if not settings.PUBLIC_URL or is_public_url(settings.PUBLIC_URL):
        return []
    message = "OAUTH_PUBLIC_URL must be an https:// address without a path, in lower case."
    hint = (
        "Such as https://mcp.example.org; http:// is for 127.0.0.1 and localhost only, and :443 and"
        " :80 are left out."
    )
    return [Error(message, hint=hint, id=_id(2))]


def _unserved_host() -> list[CheckMessage]:
    if not is_public_url(settings.PUBLIC_URL):
        return []
    host, _ = split_domain_port(urlsplit(settings.PUBLIC_URL).netloc)
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    hint = f"Add {host} to ALLOWED_HOSTS, or every request to it is refused."
    return [Error("ALLOWED_HOSTS lacks the host of OAUTH_PUBLIC_URL.", hint=hint, id=_id(5))]


def _wrong_origins() -> list[CheckMessage]:
    hint = "https:// and the host, lower case, no trailing slash, no :443: https://chatgpt.com."
    return [
        Error(f"OAUTH_ALLOWED_REDIRECT_ORIGINS: {origin!r} is no origin.", hint=hint, id=_id(3))
        for origin in settings.OAUTH_ALLOWED_REDIRECT_ORIGINS
        if not redirects.is_origin(origin)
    ]


def _weak_secret() -> list[CheckMessage]:
    if not 0 < len(settings.OAUTH_CLIENT_SECRET) < MIN_SECRET_LENGTH:
        return []
    message = f"OAUTH_CLIENT_SECRET has less than {MIN_SECRET_LENGTH} characters."
    return [Error(message, hint=PURPOSES["OAUTH_CLIENT_SECRET"], id=_id(4))]


def _too_long() -> list[CheckMessage]:
    return [
        Error(
            f"{name} has more than {LONGEST} characters.",
            hint=f"Choose a shorter one, and enter it in the client too. {PURPOSES[name]}",
            id=_id(6),
        )
        for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")
        if len(getattr(settings, name)) > LONGEST
    ]


def _wrong_schemes() -> list[CheckMessage]:
    hint = "The name of an app's own scheme, in lower case and without `:`, such as obsidian."
    return [
        Error(f"OAUTH_ALLOWED_REDIRECT_SCHEMES: {scheme!r} cannot be one.", hint=hint, id=_id(7))
        for scheme in settings.OAUTH_ALLOWED_REDIRECT_SCHEMES
        if not redirects.may_be_allowed(scheme)
    ]


def _id(number: int) -> str:
    return f"oauthbridge.E{number:03}"
