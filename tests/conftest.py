from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from accounts.models import McpUser
from accounts.scopes import ACCESS
from credentials.models import Profile
from mcpserver.audit.models import Event, ToolCall
from mcpserver.sandbox import ADA_TOKEN
from tests.browser import running_chromium
from tests.database import put_back_after_flush, stored
from tests.programs import missing
from tests.support import Infinity, Server, running_infinity, running_server

MakeProfile = Callable[..., Profile]
MakeUser = Callable[..., tuple[McpUser, str]]

MAX_WORKERS = 8  # each has servers, connections to the database and a browser of its own


def pytest_report_header() -> list[str]:
    other = "" if connection.vendor == "postgresql" else " (another: DATABASE_URL=postgres://…)"
    skipped = ", ".join(missing())
    return [f"database: {connection.vendor}{other}"] + (
        [f"skipped is what needs {skipped}: see CONTRIBUTING.md"] if skipped else []
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of `-n auto`: two for a core, since most tests wait for a process to start or to answer. What
    is picked out is run in this process: it is soon done, and can be stopped at."""
    chosen = config.option.keyword or config.getoption("lf", default=False)
    if chosen or not all(Path(each).is_dir() for each in config.args):
        return 0
    return min(2 * (os.cpu_count() or 1), MAX_WORKERS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--uses-database",
        action="store_true",
        help="only tests whose outcome the database of DATABASE_URL may change",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # the last files take longest: nobody is to wait for them
        items.sort(key=lambda item: item.path, reverse=True)
        # A server that stops commits what it has counted: a test that expects an empty database
        # and takes back what it writes comes before any of them.
        items.sort(key=_commits)
    if not config.option.uses_database:
        return
    others = [item for item in items if not _uses_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _uses_database(item)]


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in getattr(item, "fixturenames", ()) or bool(
        marker and marker.kwargs.get("transaction")
    )


def _uses_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("any_database"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    wanted = {"db", "transactional_db", "django_db_setup"}
    return bool(wanted & set(fixtures)) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database for all tests, as migrations leave it before each."""
    with django_db_blocker.unblock():
        rows = stored()
    with put_back_after_flush(rows):
        yield


@pytest.fixture
def transactional_db(transactional_db: None) -> None:
    """Empties the audit log, to which a server of another test may have added while stopping."""
    ToolCall.objects.all().delete()
    Event.objects.all().delete()


@pytest.fixture(autouse=True)
def limits_are_unused() -> None:
    """What other tests counted in this process, such as wrong passwords of the same address."""
    cache.clear()


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests. A test that calls it asks for `transactional_db`: what it writes
    must be committed to be seen there."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_infinity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infinity]:
    """One sandbox for all tests, in a process of its own."""
    with running_infinity(tmp_path_factory.mktemp("infinity")) as running:
        yield running


@pytest.fixture
def infinity(shared_infinity: Infinity) -> Infinity:
    """The sandbox, whose data is as new, without a fault."""
    shared_infinity.reset()
    return shared_infinity


@pytest.fixture
def make_profile(transactional_db: None, infinity: Infinity) -> MakeProfile:
    """Makes a profile of the sandbox."""

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
