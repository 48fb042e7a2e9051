from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from credentials.models import Profile


@pytest.fixture
def token() -> str:
    return f"infinity-{secrets.token_urlsafe(30)}"


@pytest.fixture
def new_store_key() -> Callable[[], str]:
    return lambda: Fernet.generate_key().decode()


@pytest.fixture
def make_profile(db: None) -> Callable[[str, str], Profile]:
    def make(profile_id: str, token: str) -> Profile:
        profile = Profile(id=profile_id, name=profile_id.title())
        profile.set_token(token)
        profile.full_clean()
        profile.save()
        return profile

    return make
