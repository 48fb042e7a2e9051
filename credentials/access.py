"""Defines what the Infinity client needs from a profile: token, address, API version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from credentials.validators import clean_token, complete_base_url


class InfinityAccess(Protocol):
    """The address of the Infinity API and the token for it. Its repr shows no secret."""

    @property
    def id(self) -> str:
        """The id of the profile, or "environment"."""

    @property
    def api_base_url(self) -> str:
        """The URL of the API, without its version or a final slash."""

    @property
    def api_version(self) -> str:
        """The version of the API that requests name, as a date."""

    def open_token(self) -> str:
        """The Infinity token. Raises CredentialError; never blocks."""
        ...


def default_base_url() -> str:
    """The API's URL from INFINITY_API_BASE_URL, with the path if only that is missing."""
    return complete_base_url(settings.INFINITY_API_BASE_URL)


def default_version() -> str:
    """The API's version from INFINITY_API_VERSION."""
    return str(settings.INFINITY_API_VERSION)


@dataclass(frozen=True, kw_only=True)
class TokenFromEnvironment:
    """INFINITY_API_TOKEN and related settings: one person's access, without a database."""

    id: str = "environment"
    api_base_url: str = field(default_factory=default_base_url)
    api_version: str = field(default_factory=default_version)
    token: str = field(default_factory=lambda: settings.INFINITY_API_TOKEN, repr=False)

    def open_token(self) -> str:
        """The token. Raises TokenInvalid if it cannot be sent as a header."""
        return clean_token(self.token)
