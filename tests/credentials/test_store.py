from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from credentials import store
from credentials.errors import (
    CredentialError,
    StoreKeyInvalid,
    StoreKeyMissing,
    TokenInvalid,
    TokenUnreadable,
)

NewKey = Callable[[], str]


def test_token_comes_back_and_is_not_in_the_ciphertext(token: str) -> None:
    encrypted = store.encrypt_token("local", token)

    assert token not in encrypted
    assert token == store.decrypt_token("local", encrypted)


def test_first_key_encrypts_and_every_key_decrypts(
    token: str, new_store_key: NewKey, settings: Settings
) -> None:
    old, new = new_store_key(), new_store_key()
    settings.CREDENTIAL_STORE_KEYS = [old]
    by_old = store.encrypt_token("local", token)

    settings.CREDENTIAL_STORE_KEYS = [new, old]
    by_new = store.encrypt_token("local", token)
    assert token == store.decrypt_token("local", by_old)

    settings.CREDENTIAL_STORE_KEYS = [new]
    assert token == store.decrypt_token("local", by_new)
    with pytest.raises(TokenUnreadable):
        store.decrypt_token("local", by_old)


def test_key_from_a_file_with_a_line_break_works(
    token: str, new_store_key: NewKey, settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = [f" {new_store_key()}\n", ""]

    assert token == store.decrypt_token("local", store.encrypt_token("local", token))


@pytest.mark.parametrize("keys", [[], ["", " \n"]])
def test_without_a_key_nothing_is_stored_or_read(
    keys: list[str], token: str, settings: Settings
) -> None:
    encrypted = store.encrypt_token("local", token)
    settings.CREDENTIAL_STORE_KEYS = keys

    with pytest.raises(StoreKeyMissing, match="credentials_init"):
        store.encrypt_token("local", token)
    with pytest.raises(StoreKeyMissing, match="credentials_init"):
        store.decrypt_token("local", encrypted)


@pytest.mark.parametrize("bad_key", ["short", "é" * 44, "*" * 44, "A" * 400])
def test_invalid_key_is_named_by_position_only(
    bad_key: str, new_store_key: NewKey, settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = [new_store_key(), bad_key]

    with pytest.raises(StoreKeyInvalid, match="Key number 2") as caught:
        store.store_keys()

    assert 2 == caught.value.position
    assert "`manage.py credentials_init --new-store-key`" in str(caught.value)
    assert bad_key not in "".join(traceback.format_exception(caught.value))


def test_token_swapped_to_another_profile_is_refused(token: str) -> None:
    encrypted = store.encrypt_token("alice", token)

    with pytest.raises(TokenUnreadable, match="bob") as caught:
        store.decrypt_token("bob", encrypted)

    assert ("bob",) == caught.value.profile_ids


@pytest.mark.parametrize("damaged", ["", "x", "é", "gAAAAA", "\x00", "gAAAAA" * 50])
def test_damaged_ciphertext_is_refused(damaged: str) -> None:
    with pytest.raises(TokenUnreadable, match=r"local.*--id local --replace"):
        store.decrypt_token("local", damaged)


@pytest.mark.parametrize("content", ["{token}", '["{token}"]', '{{"token": "{token}"}}', "{{}}"])
def test_foreign_plaintext_is_refused_without_quoting_it(
    content: str, token: str, settings: Settings
) -> None:
    fernet = Fernet(settings.CREDENTIAL_STORE_KEYS[0])
    encrypted = fernet.encrypt(content.format(token=token).encode()).decode()

    with pytest.raises(TokenUnreadable) as caught:
        store.decrypt_token("local", encrypted)

    assert token not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("error", [StoreKeyMissing, StoreKeyInvalid, TokenInvalid, TokenUnreadable])
def test_every_error_is_a_credential_error(error: type[Exception]) -> None:
    assert issubclass(error, CredentialError)
