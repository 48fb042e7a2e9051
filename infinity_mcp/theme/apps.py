"""Sets up the admin's theme, without PostgreSQL's driver where the database is SQLite."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from unfold.apps import DefaultAppConfig

POSTGRESQL_FIELDS = "django.contrib.postgres.fields"


class ThemeConfig(DefaultAppConfig):
    """The theme imports PostgreSQL's fields for their widgets wherever the driver is installed, and
    with them the driver: 9 MiB of each process. This project has no such fields."""

    def ready(self) -> None:
        if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
            with not_importable(POSTGRESQL_FIELDS):
                import unfold.overrides  # noqa: F401 - goes on without these fields
        super().ready()


@contextmanager
def not_importable(module: str) -> Iterator[None]:
    """Within the block, to import `module` raises ImportError, unless it was imported before."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # as Python's documentation has it
    try:
        yield
    finally:
        del sys.modules[module]
