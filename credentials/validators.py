"""Validates Infinity tokens and API base URLs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

import jwt
from django.core.exceptions import ValidationError

from credentials.errors import TokenInvalid

API_PATH = "/api/v2"
DEFAULT_URL = f"https://app.startinfinity.com{API_PATH}"
SANDBOX_URL = "sandbox:"
SANDBOX_TOKEN = "sandbox-ada"  # not a secret: it opens invented data only


def clean_token(text: str) -> str:
    """`text` without the space around it. Raises TokenInvalid if it cannot be sent as a header.

    No other form is required: Infinity has issued more than one form of token.
    """
    token = text.strip()
    if not token:
        raise TokenInvalid("The Infinity token is empty.")
    if not _is_visible_ascii(token):
        raise TokenInvalid(
            "An Infinity token has no spaces, line breaks or accented letters:"
            " copy it again, alone and without the word Bearer."
        )
    return token


def expiry_of(token: str) -> datetime | None:
    """The expiry in a token that is a JWT; None for any other.

    It is only shown, never used to grant access, so the signature is not verified.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def validate_base_url(text: str) -> None:
    """Raise ValidationError unless `text` is `sandbox:`, an https URL, or http on this machine.

    Over http to any other machine, the token would not be encrypted. A missing path is added when
    the URL is stored (`complete_base_url`); on this machine any path is allowed.
    """
    if text == SANDBOX_URL:
        return
    url = _split(text)
    if "@" in url.netloc or "?" in text or "#" in text:
        raise ValidationError("A base URL has no user, query or fragment.", code="invalid")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.hostname)):
        raise ValidationError(
            "A base URL starts with https:// (http:// is for this machine only, because it does not"
            " encrypt the token) or is sandbox: itself.",
            code="scheme",
        )
    completed = complete_base_url(text)
    if not completed.endswith(API_PATH) and not _is_loopback(url.hostname):
        raise ValidationError(
            f"The API is at {API_PATH}: a base URL ends in it, like {DEFAULT_URL}.", code="path"
        )


def complete_base_url(text: str) -> str:
    """`text` without a final slash, and with the API's path if only that is missing."""
    text = text.rstrip("/")
    if "://" not in text:
        return text
    path = text.partition("://")[2].partition("/")[2]
    return text + {"": API_PATH, "api": "/v2"}.get(path, "")


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        valid = bool(url.hostname) and url.port != 0 and _is_visible_ascii(text)
    except ValueError:  # an unclosed bracket, or an invalid port
        valid = False
    if not valid or "\\" in text:
        raise ValidationError(
            "This is not a base URL like https://app.example.org/api/v2.", code="invalid"
        )
    return url


def _is_visible_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
