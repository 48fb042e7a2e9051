from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser

from accounts.models import McpUser
from accounts.scopes import ACCESS
from credentials.models import Profile
from mcpserver.sandbox import ADA_TOKEN
from tests.browser import running_chromium
from tests.support import Infinity, Server, running_infinity, running_server

MakeProfile = Callable[..., Profile]
MakeUser = Callable[..., tuple[McpUser, str]]


def pytest_report_header() -> str:
    advice = (
        "" if connection.vendor == "postgresql" else "; DATABASE_URL=postgres://… tests another"
    )
    return f"database: {connection.vendor}{advice}"


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests. A test that calls it asks for `transactional_db`: what it writes
    must be committed to be seen there."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def infinity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infinity]:
    """One sandbox for all tests, in a process of its own; `make_profile` resets it."""
    with running_infinity(tmp_path_factory.mktemp("infinity")) as running:
        yield running


@pytest.fixture
def make_profile(transactional_db: None, infinity: Infinity) -> MakeProfile:
    """Makes a profile of the sandbox, whose data is as new."""
    infinity.reset()

    def make(id: str = "sandbox", token: str = ADA_TOKEN, **fields: Any) -> Profile:
        profile = Profile(id=id, name=id, **{"base_url": infinity.url, **fields})
        profile.set_token(token)
        profile.save()
        return profile

    return make


@pytest.fixture
def make_user(make_profile: MakeProfile) -> MakeUser:
    """Makes a user with a key: `(McpUser, key)`. Profile and access are made up unless given."""

    def make(
        name: str = "alice", access: str = "admin", profile: Profile | None = None, **fields: Any
    ) -> tuple[McpUser, str]:
        profile = profile or Profile.objects.first() or make_profile()
        user = McpUser.objects.create(
            name=name, profile=profile, scopes=list(ACCESS[access]), **fields
        )
        _, key = user.issue_key()
        return user, key

    return make


@pytest.fixture
def key(make_user: MakeUser) -> str:
    """The key of alice, who may do everything in the sandbox."""
    return make_user()[1]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser
