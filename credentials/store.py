"""Encrypts and decrypts Infinity tokens (Fernet, with key rotation).

The first of `settings.CREDENTIAL_STORE_KEYS` encrypts, all of them decrypt. The profile's id is
encrypted along with its token, so a ciphertext copied to another profile is refused.
"""

from __future__ import annotations

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from credentials.errors import StoreKeyInvalid, StoreKeyMissing, TokenUnreadable


def store_keys() -> MultiFernet:
    """The configured keys. Raises StoreKeyMissing or StoreKeyInvalid."""
    keys = [key.strip() for key in settings.CREDENTIAL_STORE_KEYS if key.strip()]
    if not keys:
        raise StoreKeyMissing
    return MultiFernet([_fernet(key, position) for position, key in enumerate(keys, start=1)])


def encrypt_token(profile_id: str, token: str) -> str:
    """The ciphertext to store. Raises StoreKeyMissing or StoreKeyInvalid."""
    plaintext = json.dumps({"profile": profile_id, "token": token})
    return store_keys().encrypt(plaintext.encode()).decode()


def decrypt_token(profile_id: str, encrypted_token: str) -> str:
    """The token in a stored ciphertext. Raises a CredentialError that names the profile."""
    keys = store_keys()
    try:
        content = json.loads(keys.decrypt(encrypted_token.encode()))
    except (InvalidToken, ValueError):  # a JSON error quotes the plaintext: it must not be chained
        raise TokenUnreadable(profile_id) from None
    match content:
        case {"profile": owner, "token": str(token)} if owner == profile_id:
            return token
    raise TokenUnreadable(profile_id)


def _fernet(key: str, position: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise StoreKeyInvalid(position) from None
