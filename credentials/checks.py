"""System checks of the credential store: its keys, and the default API address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError

from credentials import store
from credentials.errors import StoreKeyInvalid, StoreKeyMissing
from credentials.validators import validate_base_url
from infinity_mcp.core.paths import runnable


def check_store_keys(**kwargs: Any) -> list[CheckMessage]:
    """Report a missing or malformed store key, unless the only token is in the environment."""
    if settings.TRANSPORT == "stdio" and settings.INFINITY_API_TOKEN:
        return []  # the only credential is in the environment
    try:
        store.store_keys()
    except StoreKeyMissing as error:
        return [
            Error("No store key is configured.", hint=runnable(error.hint), id="credentials.E001")
        ]
    except StoreKeyInvalid as error:
        message = f"Key number {error.position} of MCP_CREDENTIAL_STORE_KEY is not a Fernet key."
        return [Error(message, hint=runnable(error.hint), id="credentials.E002")]
    return []


def check_default_base_url(**kwargs: Any) -> list[CheckMessage]:
    """Report an INFINITY_API_BASE_URL to which no token may be sent."""
    try:
        validate_base_url(settings.INFINITY_API_BASE_URL)
    except ValidationError as error:
        message = "INFINITY_API_BASE_URL cannot be used."
        return [Error(message, hint=" ".join(error.messages), id="credentials.E003")]
    return []
