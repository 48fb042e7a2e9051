from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection
from environ.fileaware_mapping import FileAwareMapping

from credentials.dotenv import read_assignments
from credentials.files import write_secret_file
from credentials.management.base import CredentialsCommand
from credentials.management.places import how_to_own, told
from credentials.models import Profile
from credentials.turns import one_at_a_time

STORE_KEY = "MCP_CREDENTIAL_STORE_KEY"
SECRETS: dict[str, Callable[[], str]] = {
    "DJANGO_SECRET_KEY": lambda: secrets.token_urlsafe(50),
    STORE_KEY: lambda: Fernet.generate_key().decode(),
}


class Command(CredentialsCommand):
    help = (
        "Writes the secrets that this server makes for itself (DJANGO_SECRET_KEY and"
        " MCP_CREDENTIAL_STORE_KEY) into ENV_FILE, by default .env, unless they are set there or in"
        " the environment. What is set is never changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-store-key",
            action="store_true",
            help="make a store key though the database has tokens that it cannot open: when the one"
            " that encrypted them is lost, and they are to be stored again",
        )

    def handle(self, *args: Any, new_store_key: bool, **options: Any) -> None:
        path = settings.ENV_FILE
        try:
            self._complete(path, new_store_key)
        except PermissionError as error:
            raise CommandError(
                f"Cannot write ENV_FILE {told(path)}: {error.strerror}. Whoever runs this must own"
                f" its folder: {how_to_own(path.parent)}"
            ) from error
        except OSError as error:
            raise CommandError(
                f"Cannot write ENV_FILE {told(path)}: {error.strerror}. Set ENV_FILE to another."
            ) from error

    def _complete(self, path: Path, new_store_key: bool) -> None:
        if missing_secrets(path):
            with one_at_a_time(path.with_name(f"{path.name}.lock")):
                if STORE_KEY in missing_secrets(path) and not new_store_key:
                    _refuse_to_lose_tokens(path)
                written = _write_missing(path)
            if written:
                self._report(path, written)
                return
        self._make_private(path)
        self._warn_of_hidden(assignments(path))
        self.stdout.write(f"Nothing to do: {' and '.join(SECRETS)} are set.")

    def _report(self, path: Path, written: list[str]) -> None:
        names = " and ".join(written)
        self.stdout.write(f"Wrote {names} to {told(path)}, readable by its owner only.")
        if STORE_KEY in written:
            self.stdout.write(
                f"Keep a copy of {STORE_KEY} somewhere safe:"
                " without it the stored Infinity tokens cannot be read."
            )

    def _make_private(self, path: Path) -> None:
        if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077:
            path.chmod(0o600)
            self.stdout.write(f"Others could read {told(path)}: its mode is 0600 now.")

    def _warn_of_hidden(self, in_file: Mapping[str, str]) -> None:
        for name in SECRETS:
            if os.environ.get(name) == "" and in_file.get(name):
                self.stderr.write(
                    f"{name} is set to nothing in the environment, which wins over the file:"
                    " unset it there."
                )


def assignments(path: Path) -> Mapping[str, str]:
    """The variables that the file sets, without those of the environment."""

    found: Mapping[str, str] = FileAwareMapping(env=read_assignments(path))
    return found


def missing_secrets(path: Path) -> list[str]:
    """Those that neither the file nor the environment sets."""
    in_file, elsewhere = assignments(path), FileAwareMapping()
    return [name for name in SECRETS if not (in_file.get(name) or elsewhere.get(name))]


def _refuse_to_lose_tokens(path: Path) -> None:
    """Raise CommandError when the database has tokens, which another store key encrypted."""
    ids = _stored_profiles()
    if ids:
        raise CommandError(
            f"{told(path)} has no {STORE_KEY}, but the database has the Infinity tokens of"
            f" {', '.join(ids)}, encrypted with one. Nothing was written: put the {path.name} of"
            " this installation back from your copy. If it is lost: `manage.py credentials_init"
            " --new-store-key`, then store each token again."
        )


def _stored_profiles() -> list[str]:
    """Empty also where there is no database yet, or none that can be asked now."""
    database = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and not Path(database).exists():
        return []  # asking would make it
    asked = connection.copy()
    asked.settings_dict["OPTIONS"].pop("pool", None)  # it would try again and again, and log that
    try:
        with closing(asked), asked.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {Profile._meta.db_table} ORDER BY id")
            return [id for (id,) in cursor.fetchall()]
    except DatabaseError:
        return []


def _write_missing(path: Path) -> list[str]:
    """What was written; nothing if another process was first."""
    missing = missing_secrets(path)
    if missing:
        present = path.read_bytes() if path.exists() else b""
        write_secret_file(path, _with_secrets(present, missing))
    return missing


def _with_secrets(present: bytes, names: list[str]) -> bytes:
    lines = "".join(f"{name}={SECRETS[name]()}\n" for name in names)
    separator = b"" if not present or present.endswith(b"\n") else b"\n"
    return present + separator + lines.encode()
