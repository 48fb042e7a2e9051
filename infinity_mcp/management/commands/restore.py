"""Restores a backup of the embedded database."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from credentials import store
from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce
from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.core.paths import runnable
from infinity_mcp.management.sqlite import (
    as_alias,
    database_path,
    is_part_of,
    migrations_of_newer_versions,
    put_in_place,
    read_backup,
)


class Command(CredentialsCommand):
    help = (
        "Replaces the SQLite database by a backup; the previous database is kept beside it. Stop"
        " the server first. A backup of an older version is brought up to date."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="made by manage.py backup")
        parser.add_argument(
            "--without-store-key",
            action="store_true",
            help="also if the store key here does not decrypt its tokens, which are then lost",
        )

    def handle(self, *args: Any, file: Path, without_store_key: bool, **options: Any) -> None:
        database = database_path()
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if is_part_of(database, file):
            raise CommandError(f"{file} is the database itself: name a backup.")
        try:
            contents, aside = _restore(file, database, without_store_key)
        except OSError as error:
            raise CommandError(
                f"Cannot write {error.filename}: {error.strerror}. {remedy(error, database)}"
            ) from error
        except sqlite3.Error as error:
            raise CommandError(
                f"Cannot replace {database}: {error}. Nothing was changed; stop the server first."
            ) from error
        _announce(file)
        self.stdout.write(f"Restored {contents}, as they were when the backup was made.")
        self.stdout.write(
            runnable(
                "Keys and connections revoked since then are valid again: see "
                "`manage.py credentials_list`, and Connections in the admin."
            )
        )
        if aside.exists():
            self.stdout.write(f"The previous database is in {aside}; delete it when all is well.")


def _restore(file: Path, database: Path, without_store_key: bool) -> tuple[str, Path]:
    """Restore `file`; returns a description of it, and the previous database, if there was one."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Beside the database, so that it can be moved there in one step.
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".restore-") as folder:
        restored = Path(folder) / "restored.sqlite3"
        contents = read_backup(file, restored)
        with as_alias(restored) as alias:
            _bring_up_to_date(file, alias)
            if not without_store_key:
                _refuse_unreadable(alias)
        return contents, put_in_place(restored, database)


def _announce(file: Path) -> None:
    connection.close()  # it may be to the previous database
    with closing(connection):
        announce(EventKind.RESTORED, "database", f"from {file.name}")


def _bring_up_to_date(file: Path, alias: str) -> None:
    if newer := migrations_of_newer_versions(alias):
        raise CommandError(
            f"{file} was made by a newer version ({', '.join(newer)}): update this one first."
        )
    call_command("migrate", database=alias, interactive=False, verbosity=0)


def _refuse_unreadable(alias: str) -> None:
    store.store_keys()
    profiles = Profile.objects.using(alias)
    unreadable = [profile.id for profile in profiles if not profile.is_readable()]
    if unreadable:
        raise CommandError(
            f"The store key here does not decrypt the tokens of {', '.join(unreadable)}. Nothing"
            " was changed: put MCP_CREDENTIAL_STORE_KEY of the server that made the backup into"
            " .env."
            " If it is lost, add --without-store-key and store these tokens again:"
            " `manage.py credentials_add_profile --id ID --replace`"
        )
