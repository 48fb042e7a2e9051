"""Copies the embedded database while it is in use."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from credentials.management.base import CredentialsCommand
from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.core.secret_files import new_secret_file
from infinity_mcp.management.sqlite import back_up, database_path, is_part_of


class Command(CredentialsCommand):
    help = (
        "Writes a consistent copy of the SQLite database, while the server goes on. The store key"
        " is not in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="made readable by you only")
        parser.add_argument("--replace", action="store_true", help="replace FILE if it is there")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        database = database_path()
        if not database.is_file():
            raise CommandError(f"There is no database {database} yet: check DATA_DIR.")
        if is_part_of(database, file):
            raise CommandError(f"{file} is the database itself: name another file.")
        if file.exists() and not replace:
            raise CommandError(f"{file} exists: name another file, or add --replace.")
        try:
            with new_secret_file(file) as scratch:
                contents = back_up(database, scratch)
        except OSError as error:
            raise CommandError(
                f"Cannot write {file}: {error.strerror}. {remedy(error, file)}"
            ) from error
        except sqlite3.Error as error:
            raise CommandError(f"Cannot back up {database}: {error}.") from error
        self.stdout.write(
            f"{file} holds {contents}, readable by its owner only. Its Infinity tokens are"
            " encrypted: keep a copy of MCP_CREDENTIAL_STORE_KEY, which decrypts them, elsewhere."
        )
