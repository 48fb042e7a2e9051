"""Errors of the credential store, with texts for agents and for operators.

CredentialError
├── StoreKeyMissing   no store key is configured
├── StoreKeyInvalid   a configured store key is not a Fernet key
├── TokenInvalid      a text that cannot be an Infinity token
└── TokenUnreadable   a stored token that no configured key decrypts, or that is damaged or swapped

Messages say what to do next. They never contain a key, a token or a ciphertext.
"""

from __future__ import annotations


class CredentialError(Exception):
    """The credential store cannot do what was asked."""


class StoreKeyMissing(CredentialError):
    """No store key is configured, so that no token can be encrypted or decrypted."""

    hint = "Run `manage.py credentials_init`, or set MCP_CREDENTIAL_STORE_KEY."

    def __init__(self) -> None:
        super().__init__(f"No store key is configured. {self.hint}")


class StoreKeyInvalid(CredentialError):
    """A configured store key is not a Fernet key."""

    hint = (
        "A Fernet key is 32 random bytes in URL-safe base64. Put the right key there from your"
        " copy; if it is lost, remove this one, and if none is left, run"
        " `manage.py credentials_init --new-store-key`."
    )

    def __init__(self, position: int) -> None:
        """`position` counts the configured keys from 1."""
        super().__init__(
            f"Key number {position} of MCP_CREDENTIAL_STORE_KEY is not a Fernet key. {self.hint}"
        )
        self.position = position


class TokenInvalid(CredentialError):
    """A text that cannot be an Infinity token."""


class TokenUnreadable(CredentialError):
    """Stored tokens of `profile_ids` that cannot be decrypted."""

    def __init__(self, *profile_ids: str) -> None:
        commands = " and ".join(
            f"`manage.py credentials_add_profile --id {id} --replace`" for id in profile_ids
        )
        super().__init__(
            f"The stored Infinity token of {', '.join(profile_ids)} cannot be read: it is damaged,"
            " or no key in MCP_CREDENTIAL_STORE_KEY opens it. Put the key that encrypted it back,"
            f" or store the token again with {commands}."
        )
        self.profile_ids = profile_ids
