"""Django's migrate, run by one process at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from credentials.schema import prepared, refuse_foreign, taking_turns


class Command(migrate.Command):
    """Django's migrate, one at a time, which refuses a database of another program."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--any-room",
            action="store_true",
            help="also if the disk has less free space than the SQLite database takes; a disk that"
            " fills up leaves it half migrated, so back up first",
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Migrate, one process at a time. Refuses the database of another project."""
        alias = options["database"]
        if options["plan"] or options["check_unapplied"]:  # which write nothing
            refuse_foreign(alias)
            return super().execute(*args, **options)
        needs_room = not (options["any_room"] or options["fake"])
        # Around the checks too, which would find SQLite locked.
        with taking_turns(alias), prepared(alias, needs_room=needs_room):
            return super().execute(*args, **options)
