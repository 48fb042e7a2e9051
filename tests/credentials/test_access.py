from __future__ import annotations

import pytest
from pytest_django import Settings

from credentials.access import InfinityAccess, TokenFromEnvironment
from credentials.errors import TokenInvalid


def test_environment_gives_access_without_a_database(token: str, settings: Settings) -> None:
    settings.INFINITY_API_TOKEN = f"{token}\n"
    settings.INFINITY_API_BASE_URL = "https://infinity.example.org/api/v2/"
    settings.INFINITY_API_VERSION = "2025-12-01.morava"

    access: InfinityAccess = TokenFromEnvironment()

    assert "environment" == access.id
    assert "https://infinity.example.org/api/v2" == access.api_base_url
    assert "2025-12-01.morava" == access.api_version
    assert token == access.open_token()


def test_token_of_the_environment_is_not_in_its_repr(token: str) -> None:
    assert token not in repr(TokenFromEnvironment(token=token))


def test_absent_token_of_the_environment_is_refused(settings: Settings) -> None:
    settings.INFINITY_API_TOKEN = ""

    with pytest.raises(TokenInvalid):
        TokenFromEnvironment().open_token()
