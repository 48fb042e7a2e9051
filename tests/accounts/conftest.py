from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import McpUser
from credentials.models import Profile
from credentials.scopes import READ
from tests.accounts.management.node_server import NodeServer


@pytest.fixture
def token() -> str:
    return f"infinity-{secrets.token_urlsafe(30)}"


@pytest.fixture
def profile(db: None, token: str) -> Profile:
    profile = Profile(id="local", name="Local Infinity")
    profile.set_token(token)
    profile.save()
    return profile


@pytest.fixture
def make_user(profile: Profile) -> Callable[[str], McpUser]:
    return lambda name: McpUser.objects.create(name=name, profile=profile, scopes=[READ])


@pytest.fixture
def alice(make_user: Callable[[str], McpUser]) -> McpUser:
    return make_user("alice")


@pytest.fixture
def bob(make_user: Callable[[str], McpUser]) -> McpUser:
    return make_user("bob")


@pytest.fixture
def node(tmp_path: Path) -> NodeServer:
    return NodeServer(tmp_path)
