"""A field that keeps no secret."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class StoredDigest(str):
    """A digest as the database holds it. Text of any other type is digested on its way there."""


class DigestField(CharField):
    """Text that is looked up by its SHA-256 digest and stored as nothing else."""

    def from_db_value(self, value: str | None, *_: Any) -> StoredDigest | None:
        return None if value is None else StoredDigest(value)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, StoredDigest):
            return value
        return hashlib.sha256(str(value).encode()).hexdigest()
