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
from credentials.management.places import runnable


class Command(CredentialsCommand):
    help = (
        "Brings profiles, MCP users and keys from the files of the Node server, all of it or"
        " nothing. The keys work on here. What was brought before is left as it is."
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
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="let the files win over profiles and users that are here and differ; a user with"
            " another key then has the key of the file only",
        )
        parser.add_argument(
            "--ignore-field",
            action="append",
            default=[],
            metavar="NAME",
            help="import without this field of the files, which is not known here; can be given"
            " more than once",
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
    """A dry run does it all and takes it back, so that what it tells is what would happen."""
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
