"""Stores sessions under digests of their keys, so that a copy of the database signs no one in."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession

from accounts.fields import DigestField


class Session(AbstractBaseSession):
    """A session, stored under the digest of the browser's cookie."""

    session_key = DigestField(max_length=64, primary_key=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    """Stores sessions in the table of `Session`."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session
