"""Imports users and profiles of the Node server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.management.node_files import ImportRefused, read_profiles, read_users
from accounts.management.node_import import Step, bring
from credentials import store
from credentials.management.base import CredentialsCommand
from infinity_mcp.core.paths import runnable


class Command(CredentialsCommand):
    help = (
        "Imports profiles, MCP users and keys from the files of the Node server, all or nothing."
        " The keys go on working. Records that were imported before stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name, example, text in (
            ("--users", "config/mcp-users.json", "its users"),
            ("--store", "data/credentials.enc.json", "its encrypted store"),
            ("--store-key-file", "", "a file with its MCP_CREDENTIAL_STORE_KEY, and nothing else"),
        ):
            help = f"{text}, there {example}" if example else text
            parser.add_argument(name, required=True, type=Path, metavar="FILE", help=help)
        parser.add_argument(
            "--dry-run", action="store_true", help="show what the import would do, change nothing"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="overwrite profiles and users here that differ from the files; a user with another"
            " key then has only the key of the file",
        )
        parser.add_argument(
            "--ignore-field",
            action="append",
            default=[],
            metavar="NAME",
            help="skip this unknown field of the files; can be given more than once",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store.store_keys()
        self._warn_of_readable(options["store_key_file"])
        try:
            steps = _import(options)
        except ImportRefused as error:
            raise CommandError(f"Nothing was imported. {error}") from None
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from None
        for step in steps:
            self.stdout.write(f"{step.what}: {step.outcome} ({step.note})")
        self.stdout.write(_summary(steps, dry_run=options["dry_run"]))

    def _warn_of_readable(self, key_file: Path) -> None:
        if os.name == "posix" and key_file.is_file() and key_file.stat().st_mode & 0o077:
            self.stderr.write(
                f"Warning: others can read {key_file}. Delete it when the import is done."
            )


def _import(options: dict[str, Any]) -> list[Step]:
    """Import, and roll back after a dry run, so that it reports what an import would do."""
    ignored = options["ignore_field"]
    users = read_users(options["users"], ignored)
    profiles = read_profiles(options["store"], options["store_key_file"], ignored)
    with transaction.atomic():
        steps = bring(profiles, users, replace=options["replace"])
        transaction.set_rollback(options["dry_run"])
    return steps


def _summary(steps: list[Step], *, dry_run: bool) -> str:
    changes = sum(step.outcome != "unchanged" for step in steps)
    if not changes:
        return "Nothing to do: everything in the files is here."
    if dry_run:
        return f"Dry run: nothing was changed. Without --dry-run, {changes} of these are stored."
    return runnable(
        f"Stored {changes} of {len(steps)}. `manage.py credentials_verify` asks Infinity about the"
        " tokens."
    )
