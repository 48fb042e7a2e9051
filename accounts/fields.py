"""Defines a model field that stores the digest of a secret instead of the secret."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class StoredDigest(str):
    """A digest as the database holds it; any other text is digested before it is stored."""


class DigestField(CharField):
    """Text that is looked up by its SHA-256 digest and stored only as that."""

    def from_db_value(self, value: str | None, *_: Any) -> StoredDigest | None:
        """Mark a stored digest, so that saving does not hash it again."""
        return None if value is None else StoredDigest(value)

    def get_prep_value(self, value: Any) -> Any:
        """The SHA-256 of a text in hex; a stored digest stays as it is."""
        if value is None or isinstance(value, StoredDigest):
            return value
        return hashlib.sha256(str(value).encode()).hexdigest()
