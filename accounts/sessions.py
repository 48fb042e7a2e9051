"""Where sign-ins are kept: as Django does, but a copy of the database signs nobody in."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession

from accounts.fields import DigestField


class Session(AbstractBaseSession):
    """What a browser's cookie leads to. Of the cookie itself there is a digest only."""

    session_key = DigestField(max_length=64, primary_key=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session
