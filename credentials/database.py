"""The state of the database's schema, and its migration by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from credentials.models import Profile
from credentials.turns import one_at_a_time

MIGRATION_LOCK = 0x496E664D4350  # a number of our own, for all that share the database

# In a schema of its own, tables of others do not count, but for those that would be taken for ours.
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


def is_migrated() -> bool:
    """Whether every migration has been applied. Raises DatabaseError without a database."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate_once() -> bool:
    """Bring the database up to date; whether it was not. Servers that start together do so one
    after the other: two migrations side by side make the same tables, and one fails.

    Raises CommandError for a database of something else.
    """
    if is_migrated():
        return False
    with taking_turns():
        return migrate_in_turn()


def migrate_in_turn() -> bool:
    """The same, within `taking_turns`."""
    if is_migrated():
        return False
    refuse_foreign()
    call_command(migrate.Command(), interactive=False, verbosity=0)  # ours takes a turn of its own
    return True


def refuse_foreign(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Raise CommandError when the database has tables, and none of them shows that it is ours."""
    database = connections[alias]
    if _is_ours(database):
        return
    if foreign := sorted(_tables(database) - _first_tables()):
        raise CommandError(
            f"The database {_name(database)} belongs to something else: it has tables such as"
            f" {', '.join(foreign[:3])}, and none of Infinity MCP. Nothing was changed. Set"
            f" DATABASE_URL to {_place_of_its_own(database)}, or unset it: then it is a file in"
            " DATA_DIR."
        )


def _is_ours(database: BaseDatabaseWrapper) -> bool:
    """By a table and a column: apps of other projects have the same names, and first migrations."""
    table = Profile._meta.db_table
    if table not in database.introspection.table_names():
        return False
    with database.cursor() as cursor:
        columns = database.introspection.get_table_description(cursor, table)
    return "encrypted_token" in {column.name for column in columns}


def _tables(database: BaseDatabaseWrapper) -> set[str]:
    """Those of the schema that would be used, and those of others with the schema before them."""
    if database.vendor != "postgresql":
        return set(database.introspection.table_names())
    with database.cursor() as cursor:
        cursor.execute(TABLES_OF_POSTGRESQL, {"own": list(_own_tables())})
        return {table for (table,) in cursor.fetchall()}


def _first_tables() -> set[str]:
    """Ours that may be there without the profiles, when a migration was cut off."""
    return {table for table, app in _own_tables().items() if app not in ("accounts", "credentials")}


def _own_tables() -> dict[str, str]:
    """With the app of each."""
    tables: list[type[Model]] = [MigrationRecorder.Migration]
    tables += apps.get_models(include_auto_created=True)
    return {table._meta.db_table: table._meta.app_label for table in tables}


def _place_of_its_own(database: BaseDatabaseWrapper) -> str:
    if database.vendor != "postgresql":
        return "a database of its own"
    return "a database of its own, or to a schema of its own (docs/scaling.md, PostgreSQL)"


def _name(database: BaseDatabaseWrapper) -> str:
    settings = database.settings_dict
    return f"{settings['NAME']}" + (f" on {settings['HOST']}" if settings["HOST"] else "")


@contextmanager
def taking_turns(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits until no other process is within such a block for the same database."""
    database = connections[alias]
    if database.vendor == "postgresql":
        with _advisory_lock(database):
            yield
    elif isinstance(database, SQLite) and not database.is_in_memory_db():
        with _file_lock(Path(database.settings_dict["NAME"])):
            yield
    else:
        yield


@contextmanager
def _file_lock(database: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(one_at_a_time(database.with_name(f"{database.name}-lock")))
        except OSError as error:
            raise OperationalError(f"readonly database: {error.strerror}") from error
        yield


@contextmanager
def _advisory_lock(database: BaseDatabaseWrapper) -> Iterator[None]:
    lock = database.copy()
    lock.set_autocommit(False)  # held by a transaction, it is held through PgBouncer too
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        yield
    finally:
        lock.rollback()
        lock.close()
