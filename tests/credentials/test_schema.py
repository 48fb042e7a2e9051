"""Migrations need enough disk space, and clean up after a failure."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from credentials.schema import is_migrated, prepared

Usage = namedtuple("Usage", ("total", "used", "free"))


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """A file that is not there yet, as the database `new`."""
    path = tmp_path / "new.sqlite3"
    connections.databases["new"] = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {},
    }
    try:
        with django_db_blocker.unblock():
            yield path
    finally:
        connections["new"].close()
        del connections["new"], connections.databases["new"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30, 0))


def migrate(*arguments: str, app: str = "auth") -> None:
    call_command("migrate", app, *arguments, "--database=new", verbosity=0)


def tables() -> list[str]:
    return connections["new"].introspection.table_names()


def test_a_migration_without_room_is_refused_with_a_way_round(
    database: Path, full_disk: None
) -> None:
    with pytest.raises(CommandError, match=r"may need 16 MiB.*migrate --any-room`"):
        migrate()

    assert [] == tables()
    migrate("--any-room")
    assert "auth_group" in tables()


@pytest.mark.parametrize("option", ["--plan", "--check", "--fake"])
def test_what_writes_no_table_needs_no_room(option: str, database: Path, full_disk: None) -> None:
    migrate("--any-room")
    before = tables()

    try:
        migrate(option, app="credentials")
    except SystemExit as ended:
        assert ("--check", 1) == (option, ended.code)

    assert before == tables()


def test_to_ask_what_is_missing_makes_no_lock_and_removes_no_database(database: Path) -> None:
    database.touch(mode=0o640)

    with pytest.raises(SystemExit):
        migrate("--check")

    assert 0o640 == database.stat().st_mode & 0o777
    assert not Path(f"{database}-lock").exists()


def test_what_a_first_migration_leaves_is_removed_where_a_link_leads(
    database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere.sqlite3"
    database.symlink_to(target)

    with pytest.raises(KeyboardInterrupt), prepared("new"):
        migrate()
        assert target.stat().st_size
        raise KeyboardInterrupt

    assert database.is_symlink() and not target.exists()
    migrate()
    assert target.exists() and not is_migrated("new")
