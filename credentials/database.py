"""The state of the database's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

MIGRATION_LOCK = 0x496E664D4350  # a number of our own, for all that share the database


def is_migrated() -> bool:
    """Whether every migration has been applied. Raises DatabaseError without a database."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate_once() -> bool:
    """Bring the database up to date; whether it was not. Servers that start together do so one
    after the other, where the database is PostgreSQL: two migrations side by side make the same
    tables, and one fails."""
    if is_migrated():
        return False
    with _one_at_a_time():
        if is_migrated():
            return False
        call_command("migrate", interactive=False, verbosity=0)
        return True


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    lock = connection.copy()
    lock.set_autocommit(False)  # held by a transaction, it is held through PgBouncer too
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        yield
    finally:
        lock.rollback()
        lock.close()
