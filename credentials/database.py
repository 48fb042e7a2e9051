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
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from credentials.turns import one_at_a_time

MIGRATION_LOCK = 0x496E664D4350  # a number of our own, for all that share the database


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
    if ("credentials", "0001_initial") in MigrationRecorder(database).applied_migrations():
        return
    foreign = sorted(set(database.introspection.table_names()) - _own_tables())
    if foreign:
        raise CommandError(
            f"The database {_name(database)} belongs to something else: it has tables such as"
            f" {', '.join(foreign[:3])}, and none of Infinity MCP. Nothing was changed. Set"
            " DATABASE_URL to a database of its own, or unset it: then it is a file in DATA_DIR."
        )


def _own_tables() -> set[str]:
    models = apps.get_models(include_auto_created=True)
    return {"django_migrations", *(model._meta.db_table for model in models)}


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
    elif database.vendor == "sqlite" and not database.is_in_memory_db():
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
