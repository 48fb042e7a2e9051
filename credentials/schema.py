"""Checks for missing migrations, and runs them in one process at a time."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from credentials.models import Profile
from infinity_mcp.core.files.file_lock import one_at_a_time
from infinity_mcp.core.paths import runnable

MIB = 1024 * 1024
ROOM_MIB = 16  # more than a migration writes beside the tables that it copies
MIGRATION_LOCK = 0x496E664D4350  # an advisory lock of ours, for all processes on the database

# With a schema of our own, tables elsewhere count only if they would be mistaken for ours.
TABLES_OF_POSTGRESQL = """
SELECT CASE WHEN nspname = current_schema() THEN relname ELSE nspname || '.' || relname END
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'f')
    AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%%'
    AND (
        nspname = current_schema()
        OR coalesce(current_schema(), 'public') = 'public'
        OR pg_table_is_visible(pg_class.oid) AND relname = ANY(%(own)s)
    )
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
"""


class MigrationFailed(DatabaseError):
    """The error of the database, and what to do if its file is not the cause."""

    def __init__(self, error: DatabaseError, what_to_do: str) -> None:
        super().__init__(str(error))
        self.what_to_do = what_to_do


HALF_DONE = (
    "The database may be half migrated: restore the backup from before (docs/upgrade.md), or move"
    " the database away to begin anew."
)


def is_migrated(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether every migration has been applied. Raises DatabaseError if there is no database."""
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate_once() -> bool:
    """Bring the database up to date; returns whether it was not. Servers that start together take
    turns, because of two simultaneous migrations one would fail.

    Raises CommandError for a database of another program.
    """
    if is_migrated():
        return False
    with taking_turns():
        return migrate_in_turn()


def migrate_in_turn() -> bool:
    """`migrate_once` for callers that hold `taking_turns`."""
    if is_migrated():
        return False
    with prepared():
        # Django's own command, as ours would wait for the turn that is held here.
        call_command(migrate.Command(), interactive=False, verbosity=0)
    return True


@contextmanager
def prepared(alias: str = DEFAULT_DB_ALIAS, *, needs_room: bool = True) -> Iterator[None]:
    """Surrounds a migration: checks the database and the disk before, and removes a new database
    after a failure.

    Raises CommandError for a database of another program or too small a disk, and MigrationFailed.
    """
    refuse_foreign(alias)
    database, file = connections[alias], _file(alias)
    if file and needs_room and not is_migrated(alias):
        _require_room(file)
    is_new = not database.introspection.table_names()
    try:
        yield
    except BaseException as error:
        is_left = bool(file) and not (is_new and _is_removed(database))
        if isinstance(error, DatabaseError):
            raise MigrationFailed(error, HALF_DONE if is_left else "") from error
        raise


def _require_room(file: Path) -> None:
    """Raise CommandError without enough disk space: a full disk leaves a half-applied migration."""
    size = file.stat().st_size if file.exists() else 0
    needed, free = size // MIB + ROOM_MIB, shutil.disk_usage(file.parent).free // MIB
    if free < needed:
        folder = shlex.quote(str(file.parent))
        raise CommandError(
            f"A migration may need {needed} MiB free in {folder}, and there are {free}: free some"
            f" space (df -h {folder} shows it)."
            + runnable(" One that copies no large table needs less: `manage.py migrate --any-room`")
        )


def _is_removed(database: BaseDatabaseWrapper) -> bool:
    """Remove SQLite's file, following a link to it; returns whether it was removed."""
    database.close()
    file = os.path.realpath(database.settings_dict["NAME"])
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            os.unlink(f"{file}{suffix}")
    return not os.path.exists(file)


def refuse_foreign(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Raise CommandError if the database has tables but is not ours."""
    if foreign := _explain_foreign(connections[alias]):
        raise CommandError(foreign)


def explain_unmigrated() -> str | None:
    """What to do about a database that is not up to date, or of another program; else None."""
    if is_migrated():
        return None
    update = "The database is not up to date: run `manage.py migrate`."
    return _explain_foreign(connections[DEFAULT_DB_ALIAS]) or update


def _explain_foreign(database: BaseDatabaseWrapper) -> str | None:
    if _is_ours(database):
        return None
    if not (foreign := sorted(_tables(database) - _first_tables())):
        return None
    return (
        f"The database {_name(database)} belongs to something else: it has tables such as"
        f" {', '.join(foreign[:3])}, and none of Infinity MCP. Nothing was changed."
        f" {_how_to_have_its_own(database)}"
    )


def _is_ours(database: BaseDatabaseWrapper) -> bool:
    """Checks a table and a column, as other projects may have apps of these names."""
    table = Profile._meta.db_table
    if table not in database.introspection.table_names():
        return False
    with database.cursor() as cursor:
        columns = database.introspection.get_table_description(cursor, table)
    return "encrypted_token" in {column.name for column in columns}


def _tables(database: BaseDatabaseWrapper) -> set[str]:
    """The tables of the current schema, and those of other schemas as `schema.table`."""
    if database.vendor != "postgresql":
        return set(database.introspection.table_names())
    with database.cursor() as cursor:
        cursor.execute(TABLES_OF_POSTGRESQL, {"own": list(_own_tables())})
        return {table for (table,) in cursor.fetchall()}


def _first_tables() -> set[str]:
    """Ours that may be there without the profiles, when a migration was cut off."""
    return {table for table, app in _own_tables().items() if app not in ("accounts", "credentials")}


def _own_tables() -> dict[str, str]:
    """Our tables, with the app of each."""
    tables: list[type[Model]] = [MigrationRecorder.Migration]
    tables += apps.get_models(include_auto_created=True)
    return {table._meta.db_table: table._meta.app_label for table in tables}


def _how_to_have_its_own(database: BaseDatabaseWrapper) -> str:
    if database.settings_dict["NAME"] == settings.SQLITE["NAME"]:
        return "Move that file away, or set DATA_DIR to another folder."
    place = "a database of its own"
    if database.vendor == "postgresql":
        place += ", or to a schema of its own (docs/scaling.md, PostgreSQL)"
    return f"Set DATABASE_URL to {place}, or unset it: then it is a file in DATA_DIR."


def _name(database: BaseDatabaseWrapper) -> str:
    name, host = database.settings_dict["NAME"], database.settings_dict["HOST"]
    return f"{name} on {host}" if host else f"{name}"


@contextmanager
def taking_turns(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits until no other process is within such a block for the same database."""
    database, file = connections[alias], _file(alias)
    if database.vendor == "postgresql":
        with _advisory_lock(database):
            yield
    elif file:
        with _file_lock(file):
            if not database.in_atomic_block:
                database.close()  # another process may have replaced the file
            yield
    else:
        yield


def _file(alias: str) -> Path | None:
    """SQLite's file; None for a database in memory or in PostgreSQL."""
    database = connections[alias]
    if isinstance(database, SQLite) and not database.is_in_memory_db():
        return Path(database.settings_dict["NAME"])
    return None


@contextmanager
def _file_lock(database: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(one_at_a_time(database.with_name(f"{database.name}-lock")))
        except OSError as error:
            raise OperationalError(f"{error.filename}: {error.strerror}") from error
        yield


@contextmanager
def _advisory_lock(database: BaseDatabaseWrapper) -> Iterator[None]:
    lock = database.copy()
    lock.set_autocommit(False)  # a transaction holds the lock through PgBouncer too
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        yield
    finally:
        lock.rollback()
        lock.close()
