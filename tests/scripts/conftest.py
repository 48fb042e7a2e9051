from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.credentials.installation import Installation, copy_empty_database
from tests.home import Home, ready_environment
from tests.production.support import Postgres, new_database, own_postgres
from tests.scripts.unusable import installation


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_environment(tmp_path_factory.mktemp("venv"))


@pytest.fixture
def home(tmp_path: Path, venv: Path) -> Home:
    return Home(tmp_path, venv)


@pytest.fixture
def migrated(home: Home) -> Home:
    """With a database, which takes most of the time of a first quickstart."""
    home.database.parent.mkdir()
    copy_empty_database(home.database)
    return home


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.sqlite3"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def ordinary(tmp_path: Path) -> Installation:
    """Of a user without root's rights over the files of others."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root, who may do without its rights")
    return installation(tmp_path)
