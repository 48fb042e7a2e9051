"""Writes the two secrets that a server needs to `.env`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection

from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from infinity_mcp.core.env.dotenv import read_assignments
from infinity_mcp.core.env.variables import Variables
from infinity_mcp.core.files.file_lock import one_at_a_time
from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.core.paths import told
from infinity_mcp.core.secret_files import write_secret_file

STORE_KEY = "MCP_CREDENTIAL_STORE_KEY"
SECRETS: dict[str, Callable[[], str]] = {
    "DJANGO_SECRET_KEY": lambda: secrets.token_urlsafe(50),
    STORE_KEY: lambda: Fernet.generate_key().decode(),
}


class Command(CredentialsCommand):
    help = (
        "Generates DJANGO_SECRET_KEY and MCP_CREDENTIAL_STORE_KEY and writes them into ENV_FILE, by"
        " default .env, unless they are set there or in the environment. Existing values are never"
        " changed."
    )

    stealth_options = ("beside",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-store-key",
            action="store_true",
            help="make a store key although it cannot decrypt the tokens in the database: when the"
            " key that encrypted them is lost, and they are to be stored again",
        )

    def handle(
        self, *args: Any, new_store_key: bool, beside: Sequence[str] = (), **options: Any
    ) -> None:
        """`beside` are further lines for a new file."""
        path = settings.ENV_FILE
        try:
            self._complete(path, new_store_key, beside)
        except OSError as error:
            what_to_do = remedy(error, path) or "Set ENV_FILE to another."
            raise CommandError(
                f"Cannot write ENV_FILE {told(path)}: {error.strerror}. {what_to_do}"
            ) from error

    def _complete(self, path: Path, new_store_key: bool, beside: Sequence[str]) -> None:
        if missing_secrets(path):
            with one_at_a_time(path.with_name(f"{path.name}.lock")):
                if STORE_KEY in missing_secrets(path) and not new_store_key:
                    _refuse_to_lose_tokens(path)
                written = _write_missing(path, beside)
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
                    f"{name} is set to nothing in the environment, which overrides the file:"
                    " unset it there."
                )


def assignments(path: Path) -> Mapping[str, str]:
    """The variables that the file sets, leaving out the environment."""
    return Variables(env=read_assignments(path))


def missing_secrets(path: Path) -> list[str]:
    """The secrets that neither the file nor the environment sets."""
    in_file, elsewhere = assignments(path), Variables()
    return [name for name in SECRETS if not (in_file.get(name) or elsewhere.get(name))]


def _refuse_to_lose_tokens(path: Path) -> None:
    """Raise CommandError if the database has tokens, which another store key encrypted."""
    ids = _stored_profiles()
    if ids:
        raise CommandError(
            f"{told(path)} has no {STORE_KEY}, but the database has the Infinity tokens of"
            f" {', '.join(ids)}, encrypted with one. Nothing was written: put the {path.name} of"
            " this installation back from your copy. If it is lost: `manage.py credentials_init"
            " --new-store-key`, then store each token again."
        )


def _stored_profiles() -> list[str]:
    """The ids of profiles in the database; empty if it does not exist or cannot be used now."""
    database = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and not Path(database).exists():
        return []  # a query would create it
    asked = connection.copy()
    asked.settings_dict["OPTIONS"].pop("pool", None)  # a pool would retry and log each attempt
    try:
        with closing(asked), asked.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {Profile._meta.db_table} ORDER BY id")
            return [id for (id,) in cursor.fetchall()]
    except DatabaseError:
        return []


def _write_missing(path: Path, beside: Sequence[str]) -> list[str]:
    """Write the missing secrets; returns their names, none if another process was first."""
    missing = missing_secrets(path)
    if missing:
        present = path.read_bytes() if path.exists() else _text(beside)
        write_secret_file(path, _with_secrets(present, missing))
    return missing


def _with_secrets(present: bytes, names: list[str]) -> bytes:
    separator = b"" if not present or present.endswith(b"\n") else b"\n"
    return present + separator + _text([f"{name}={SECRETS[name]()}" for name in names])


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
