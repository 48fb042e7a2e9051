from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.checks import Tags, run_checks
from pytest_django import Settings


def findings() -> dict[str | None, str]:
    """Messages and hints of this app's checks, by id."""
    return {
        finding.id: f"{finding.msg} {finding.hint}"
        for finding in run_checks(tags=[Tags.security])
        if str(finding.id).startswith("credentials.")
    }


def test_usable_configuration_has_no_finding() -> None:
    assert {} == findings()


def test_missing_store_key_is_an_error_with_a_way_out(settings: Settings) -> None:
    settings.CREDENTIAL_STORE_KEYS = []

    assert "credentials_init" in findings()["credentials.E001"]


def test_invalid_store_key_is_an_error_by_position(
    new_store_key: Callable[[], str], settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = [new_store_key(), "not-a-fernet-key"]

    assert "Key number 2" in findings()["credentials.E002"]
    assert "not-a-fernet-key" not in findings()["credentials.E002"]


@pytest.mark.parametrize(("token", "expected"), [("", ["credentials.E001"]), ("some", [])])
def test_stdio_needs_no_store_key_when_it_has_a_token(
    token: str, expected: list[str], settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = []
    settings.TRANSPORT, settings.INFINITY_API_TOKEN = "stdio", token

    assert expected == list(findings())


def test_default_address_that_sends_tokens_in_clear_is_an_error(settings: Settings) -> None:
    settings.INFINITY_API_BASE_URL = "http://app.startinfinity.com/api/v2"

    assert "https://" in findings()["credentials.E003"]
