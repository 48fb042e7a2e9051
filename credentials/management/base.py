"""What the `credentials_*` commands share: how they fail, and the arguments most of them take."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from credentials.database import is_migrated
from credentials.errors import CredentialError
from credentials.management.places import how_to_own, runnable, told
from credentials.scopes import ACCESS, SCOPES, UnknownScope, parse_scopes

LONGEST_DURATION = timedelta(days=3650)
DURATION_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class CredentialsCommand(BaseCommand):
    """A command whose expected failures are one line on stderr and exit status 1."""

    # What a command needs, it finds out itself; findings about other matters would be noise here.
    requires_system_checks = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            error.args = (runnable(str(error)), *error.args[1:])
            raise
        except (CredentialError, UnknownScope) as error:
            raise CommandError(runnable(str(error))) from error
        except ValidationError as error:
            raise CommandError(explain_invalid(error)) from error
        except DatabaseError as error:
            raise CommandError(runnable(_explain_database(error))) from error
        except UnicodeError as error:
            raise CommandError("An argument or a file is not UTF-8 text.") from error


def add_scope_arguments(parser: CommandParser, *, required: bool) -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--scopes", metavar="SCOPE,…", help=f"comma-separated, of: {', '.join(SCOPES)}"
    )
    words = "; ".join(f"{word} = {', '.join(scopes)}" for word, scopes in ACCESS.items())
    group.add_argument("--access", choices=ACCESS, help=f"instead of --scopes: {words}")


def given_scopes(options: dict[str, Any]) -> list[str] | None:
    """What --scopes or --access say; None without them. Raises UnknownScope."""
    if options["access"]:
        return list(ACCESS[options["access"]])
    return None if options["scopes"] is None else list(parse_scopes(options["scopes"]))


def parse_duration(text: str) -> timedelta:
    """`30m`, `24h` or `7d` as a timedelta. Raises CommandError, also beyond ten years."""
    match = re.fullmatch(r"([0-9]{1,7})([mhd])", text)
    duration = timedelta(**{DURATION_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < duration <= LONGEST_DURATION:
        raise CommandError(
            f"{text!r} is not a duration: write minutes, hours or days like 30m, 24h or 7d,"
            " ten years at most."
        )
    return duration


def explain_invalid(error: ValidationError) -> str:
    """What is wrong with which fields of a model, in one line."""
    return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())


def _explain_database(error: DatabaseError) -> str:
    """A missing table or column speaks for itself only to those who know the schema."""
    if why := explain_unusable_database(error):
        return why
    if not is_migrated():
        return "The database is not up to date: run `manage.py migrate`."
    return f"The database refused this: {_reason(error)}"


def explain_unusable_database(error: DatabaseError) -> str | None:
    """Why the database can be used for nothing, where that is so."""
    reason = _reason(error)
    try:
        is_migrated()
    except DatabaseError:
        if connection.vendor == "sqlite":
            return _explain_sqlite(reason)
        return f"The database cannot be used ({reason}): check DATABASE_URL."
    if "readonly database" in reason:  # SQLite's word for missing rights
        return _explain_sqlite(reason)
    return None


def _reason(error: DatabaseError) -> str:
    return str(error).partition("\n")[0]


def _explain_sqlite(reason: str) -> str:
    folder = Path(connection.settings_dict["NAME"]).parent
    return (
        f"The database in {told(folder)} cannot be used ({reason}). This folder (see DATA_DIR) must"
        f" be there, its disk must have room, and whoever runs this must own it:"
        f" {how_to_own(folder)}"
    )
