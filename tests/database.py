"""The test run's database: what is in it before each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core.management.commands import flush
from django.db import models, transaction

Rows = dict[type[models.Model], list[models.Model]]


def stored() -> Rows:
    """Everything in it."""
    tables = apps.get_models(include_auto_created=True)
    return {table: rows for table in tables if (rows := list(table._base_manager.all()))}


@contextmanager
def put_back_after_flush(stored: Rows) -> Iterator[None]:
    """When a test's end has emptied the database, this is in it again.

    Django would have each app make its content types, permissions and groups anew, a query at a
    time, which took longer than most tests.
    """

    def put_back(_verbosity: int, _interactive: bool, database: str) -> None:
        with transaction.atomic(using=database):  # the order of tables does not matter in there
            for table, rows in stored.items():
                table._base_manager.using(database).bulk_create(rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "emit_post_migrate_signal", put_back)
        yield
