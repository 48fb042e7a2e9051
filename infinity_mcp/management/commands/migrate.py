from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from credentials.database import refuse_foreign, taking_turns


class Command(migrate.Command):
    """Django's, one at a time, and not in a database of something else."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with taking_turns(options["database"]):  # the checks, too, would find SQLite locked
            refuse_foreign(options["database"])
            return super().execute(*args, **options)
