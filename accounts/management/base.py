"""Base classes and helpers of the commands that make or end keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from credentials.management.base import CredentialsCommand, parse_duration
from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.core.files.standard_files import interrupted_by_any_end
from infinity_mcp.core.secret_files import fill, new_secret_file

IMPORTED = "(imported)"  # instead of a prefix: only the key's digest is known


@dataclass(frozen=True)
class NewKey:
    """A key that a command has made, its text, and what the command reports."""

    key: ApiKey
    text: str = field(repr=False)
    told: str  # what happened, as a sentence
    notes: tuple[str, ...] = ()


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
        if key_file:
            _refuse_key_of_another(key_file, options["name"])
            self._write(key_file, options)
        else:
            self._show(options)

    def _write(self, key_file: Path, options: dict[str, Any]) -> None:
        """Write the key to a file, which takes its place once the key is stored."""
        with _put_in_place(key_file) as scratch, transaction.atomic():
            new = self.issue(options)
            fill(scratch, f"{new.text}\n".encode())
            self.replace_others(new, options)
        self._note(new)
        self.stdout.write(f"{new.told} The key is in {key_file}.")

    def _show(self, options: dict[str, Any]) -> None:
        """Print the key without holding a lock, because a terminal may stall. A key that could not
        be shown is deleted; the old ones work until the new one was shown."""
        with interrupted_by_any_end():
            with transaction.atomic():
                new = self.issue(options)
            try:
                self._note(new)
                self.stdout.write(f"{new.told} The key, which is not shown again:\n{new.text}")
                self.stdout.flush()
                with transaction.atomic():
                    self.replace_others(new, options)
            except BaseException:
                self.take_back(new)
                raise

    def _note(self, new: NewKey) -> None:
        for note in new.notes:
            self.stderr.write(f"Note: {note}")

    def issue(self, options: dict[str, Any]) -> NewKey:
        """Issue the key, and change nothing else."""
        raise NotImplementedError

    def replace_others(self, new: NewKey, options: dict[str, Any]) -> None:
        """End the user's other keys, and change the user as the options say."""
        raise NotImplementedError

    def take_back(self, new: NewKey) -> None:
        """Undo `issue`."""
        new.key.user.take_back_key(new.key)


def expiry(options: dict[str, Any]) -> datetime | None:
    """When the new key expires, by --expires-in."""
    text = options["expires_in"]
    return None if text is None else timezone.now() + parse_duration(text)


def named_user(name: str) -> McpUser:
    """The MCP user of that name. Raises CommandError, which lists the existing ones."""
    user = McpUser.objects.select_related("profile").filter(name=name).first()
    if user is None:
        names = ", ".join(McpUser.objects.values_list("name", flat=True))
        raise CommandError(f"There is no MCP user {name!r}. There are: {names or 'none yet'}.")
    return user


def _refuse_key_of_another(path: Path, name: str) -> None:
    """Raise CommandError if the file holds another user's key, as it may be the only copy."""
    try:
        if not path.is_file():
            return
        holder = ApiKey.objects.authenticate(path.read_text(errors="replace").strip())
    except OSError as error:
        raise CommandError(
            f"Cannot read {path}: {error.strerror}. Nothing was changed. {remedy(error, path)}"
        ) from error
    if holder and holder.user.name != name:
        raise CommandError(
            f"{path} holds the key of {holder.user.name}, which would be lost. Nothing was"
            " changed: name another file."
        )


@contextmanager
def _put_in_place(key_file: Path) -> Iterator[Path]:
    try:
        with new_secret_file(key_file) as scratch:
            yield scratch
    except OSError as error:
        raise CommandError(
            f"Cannot write {key_file}: {error.strerror}. Nothing was changed."
            f" {remedy(error, key_file)}"
        ) from error
