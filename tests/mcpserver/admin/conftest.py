"""Users of the admin's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import McpUser
from credentials.models import Profile


@pytest.fixture
def profile(db: None) -> Profile:
    profile = Profile(id="local", name="Local")
    profile.set_token("some-token")
    profile.save()
    return profile


@pytest.fixture
def make_alice(profile: Profile) -> Callable[..., McpUser]:
    return lambda name="alice": McpUser.objects.create(
        name=name, profile=profile, scopes=["infinity:read"]
    )


@pytest.fixture
def alice(make_alice: Callable[..., McpUser]) -> McpUser:
    return make_alice()
