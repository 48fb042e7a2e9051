"""Copies, checks and restores the embedded database.

It copies with SQLite's backup interface, which gives a consistent copy of a database in use;
copying the file would not.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from accounts.models import ApiKey, McpUser
from credentials.models import Profile
from infinity_mcp.core.secret_files import new_secret_file

SECONDS = 3.0  # to wait for other writers
UNUSABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def database_path() -> Path:
    """The file of this installation's database. Raises CommandError if it is not SQLite's."""
    if connection.vendor != "sqlite":
        raise CommandError(
            f"The database is {connection.display_name}, not SQLite: use pg_dump and pg_restore, as"
            " docs/install.md says under Back up."
        )
    return Path(connection.settings_dict["NAME"])


def is_part_of(database: Path, file: Path) -> bool:
    """Is `file` the database itself, or one of the two files beside it?"""
    parts = [f"{os.path.realpath(database)}{suffix}" for suffix in ("", "-wal", "-shm")]
    return os.path.realpath(file) in parts


def back_up(database: Path, target: Path) -> str:
    """Copy `database` to `target`, an empty file; returns a description of its contents.

    Raises sqlite3.Error and CommandError.
    """
    with _opened(database, "ro") as live, _opened(target) as copy:
        _copy(live, copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, not three
        _refuse_damaged(copy)
        return _contents(copy)


def read_backup(file: Path, target: Path) -> str:
    """Like `back_up`, from a file that may not be a backup. Raises CommandError if it is not."""
    try:
        target.touch(mode=0o600)
        return back_up(file, target)
    except sqlite3.Error as error:
        raise CommandError(f"{file} is not a backup of Infinity MCP: {error}.") from error


@contextmanager
def as_alias(path: Path) -> Iterator[str]:
    """The alias under which Django can use the database at `path`."""
    alias = "restored"
    connections.databases[alias] = {**connections.databases["default"], "NAME": str(path)}
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]


def migrations_of_newer_versions(alias: str) -> list[str]:
    """Migrations applied in that database but unknown to this version: `accounts.0002_more`."""
    loader = MigrationLoader(connections[alias])
    apps = {app for app, _ in loader.disk_migrations}  # an app that was removed is no newer version
    unknown = loader.applied_migrations.keys() - loader.disk_migrations.keys()
    return sorted(f"{app}.{name}" for app, name in unknown if app in apps)


def put_in_place(restored: Path, database: Path) -> Path:
    """Make `restored` the database; returns where the previous one is now, if there was one.

    Raises sqlite3.OperationalError, with nothing changed, while anything else uses the database.
    """
    now = datetime.now(UTC)
    aside = database.with_name(f"{database.stem}-before-{now:%Y%m%dT%H%M%SZ}.sqlite3")
    if _can_be_opened(database):
        _exchange(restored, database, aside)
        return aside
    # First the files beside it: SQLite would mistake old ones for the new database's.
    for suffix in ("-wal", "-shm", ""):
        if os.path.exists(f"{database}{suffix}"):
            os.replace(f"{database}{suffix}", f"{aside}{suffix}")
    os.replace(restored, database)
    return aside


def _can_be_opened(database: Path) -> bool:
    """Is it a database that SQLite can open? False also if it is too damaged for that."""
    try:
        with _opened(database) as live:
            live.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in UNUSABLE:
            return False
        raise
    return True


def _exchange(restored: Path, database: Path, aside: Path) -> None:
    with _opened(database) as live, _opened(restored) as new, new_secret_file(aside) as scratch:
        # Held until the end, so that no write between the two copies is lost.
        live.execute("PRAGMA locking_mode=EXCLUSIVE")
        live.execute("BEGIN EXCLUSIVE")
        live.execute("COMMIT")
        with _opened(scratch) as old:
            _copy(live, old)
            old.execute("PRAGMA journal_mode=DELETE")
        _copy(new, live)


@contextmanager
def _opened(path: Path, mode: Literal["ro", "rw"] = "rw") -> Iterator[sqlite3.Connection]:
    """A connection that never creates the file."""
    address = f"{path.resolve().as_uri()}?mode={mode}"
    opened = sqlite3.connect(address, uri=True, isolation_level=None, timeout=SECONDS)
    with closing(opened) as database:
        yield database


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target, progress=_refuse_busy)


def _refuse_busy(status: int, remaining: int, total: int) -> None:
    """Raise an error if the database is locked, as SQLite's backup would retry for ever."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("database is locked")


def _refuse_damaged(database: sqlite3.Connection) -> None:
    (finding,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if finding != "ok":
        raise sqlite3.DatabaseError(f"it is damaged ({' '.join(finding.split())})")


def _contents(database: sqlite3.Connection) -> str:
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if not tables >= {model._meta.db_table for model in (Profile, McpUser, ApiKey)}:
        raise sqlite3.DatabaseError("it has no profiles, MCP users and keys")
    return f"{_count(database, Profile)} and {_count(database, McpUser)}"


def _count(database: sqlite3.Connection, model: type[Model]) -> str:
    (count,) = database.execute(f"SELECT count(*) FROM {model._meta.db_table}").fetchone()
    name = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
    return f"{count} {name}"
