"""credentials_rotate_store_key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from credentials.models import Profile

MakeProfile = Callable[[str, str], Profile]
NewKey = Callable[[], str]


def test_tokens_move_to_the_first_key(
    make_profile: MakeProfile,
    token: str,
    new_store_key: NewKey,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_profile("alice", token)
    make_profile("bob", token)
    new = new_store_key()
    settings.CREDENTIAL_STORE_KEYS = [new, *settings.CREDENTIAL_STORE_KEYS]

    call_command("credentials_rotate_store_key")

    assert capsys.readouterr().out.startswith("2 stored Infinity tokens ")
    settings.CREDENTIAL_STORE_KEYS = [new]
    assert [token, token] == [profile.open_token() for profile in Profile.objects.all()]


def test_rows_that_no_key_opens_are_named(
    make_profile: MakeProfile, token: str, new_store_key: NewKey, settings: Settings
) -> None:
    make_profile("alice", token)
    settings.CREDENTIAL_STORE_KEYS = [new_store_key()]
    make_profile("bob", token)
    settings.CREDENTIAL_STORE_KEYS = [new_store_key(), *settings.CREDENTIAL_STORE_KEYS]

    with pytest.raises(CommandError, match="alice") as caught:
        call_command("credentials_rotate_store_key")

    assert "bob" not in str(caught.value)


def test_missing_key_is_told_even_with_nothing_stored(db: None, settings: Settings) -> None:
    settings.CREDENTIAL_STORE_KEYS = []

    with pytest.raises(CommandError, match="credentials_init"):
        call_command("credentials_rotate_store_key")
