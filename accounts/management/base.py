"""What the commands around keys share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from credentials.files import write_secret_file
from credentials.management.base import CredentialsCommand, parse_duration

IMPORTED = "(imported)"  # in the place of a prefix: only the key's digest is known


class NewKeyCommand(CredentialsCommand):
    """A command that ends in a new key, printed once or written to a file."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--key-file",
            type=Path,
            metavar="FILE",
            help="write the key here, readable by you only, instead of printing it",
        )
        parser.add_argument("--label", default="", help="where the key is used, for listings")
        parser.add_argument(
            "--expires-in", metavar="DURATION", help="of the new key, like 90d; default: never"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key_file: Path | None = options["key_file"]
        with transaction.atomic():
            if key_file:
                _refuse_key_of_another(key_file, options["name"])
            message, key = self.make_key(options)
            if key_file:
                _write_key(key_file, key)
        if key_file:
            self.stdout.write(f"{message} The key is in {key_file}.")
        else:
            self.stdout.write(f"{message} The key, which is not shown again:\n{key}")

    def make_key(self, options: dict[str, Any]) -> tuple[str, str]:
        """Issue the key; returns what happened, as a sentence, and the key's text."""
        raise NotImplementedError


def expiry(options: dict[str, Any]) -> datetime | None:
    """When the new key expires, by --expires-in."""
    text = options["expires_in"]
    return None if text is None else timezone.now() + parse_duration(text)


def named_user(name: str) -> McpUser:
    """The MCP user of that name. Raises CommandError, which lists those that there are."""
    user = McpUser.objects.select_related("profile").filter(name=name).first()
    if user is None:
        names = ", ".join(McpUser.objects.values_list("name", flat=True))
        raise CommandError(f"There is no MCP user {name!r}. There are: {names or 'none yet'}.")
    return user


def _refuse_key_of_another(path: Path, name: str) -> None:
    """It may be the only copy of that key."""
    if not path.is_file():
        return
    try:
        holder = ApiKey.objects.authenticate(path.read_text(errors="replace").strip())
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}. Nothing was changed.") from error
    if holder and holder.user.name != name:
        raise CommandError(
            f"{path} holds the key of {holder.user.name}, which would be lost. Nothing was"
            " changed: name another file."
        )


def _write_key(path: Path, key: str) -> None:
    try:
        write_secret_file(path, f"{key}\n".encode())
    except OSError as error:
        raise CommandError(
            f"Cannot write {path}: {error.strerror}. Nothing was changed."
        ) from error
