"""What the Infinity client needs to know about whoever it calls for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from credentials.validators import clean_token, complete_base_url


class InfinityAccess(Protocol):
    """Where the Infinity API is and the token for it. Its repr shows no secret."""

    @property
    def id(self) -> str: ...

    @property
    def api_base_url(self) -> str: ...

    @property
    def api_version(self) -> str: ...

    def open_token(self) -> str:
        """The Infinity token. Raises CredentialError; waits for nothing."""
        ...


def default_base_url() -> str:
    return complete_base_url(settings.INFINITY_API_BASE_URL)


def default_version() -> str:
    return str(settings.INFINITY_API_VERSION)


@dataclass(frozen=True, kw_only=True)
class TokenFromEnvironment:
    """INFINITY_API_TOKEN and its neighbours: a single developer's access, without a database."""

    id: str = "environment"
    api_base_url: str = field(default_factory=default_base_url)
    api_version: str = field(default_factory=default_version)
    token: str = field(default_factory=lambda: settings.INFINITY_API_TOKEN, repr=False)

    def open_token(self) -> str:
        return clean_token(self.token)
