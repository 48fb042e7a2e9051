"""Base class of the `credentials_*` commands: errors in one line, shared arguments."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from credentials.errors import CredentialError
from credentials.schema import MigrationFailed, explain_unmigrated, is_migrated
from credentials.scopes import ACCESS, SCOPES, UnknownScope, parse_scopes
from infinity_mcp.core.files.remedies import explain_file, remedy
from infinity_mcp.core.paths import explain_missing_env_file, runnable, told

MAX_DURATION = timedelta(days=3650)
DURATION_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class CredentialsCommand(BaseCommand):
    """A command whose expected failures are one line on stderr and exit status 1."""

    # Each command checks what it needs itself; findings about other settings would only distract.
    requires_system_checks = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; expected errors become a CommandError that says what to do."""
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            error.args = (runnable(str(error)).rstrip(), *error.args[1:])
            raise
        except CredentialError as error:
            raise CommandError(_with_env_file(runnable(str(error)))) from error
        except UnknownScope as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(explain_invalid(error)) from error
        except DatabaseError as error:
            raise CommandError(_with_env_file(runnable(_explain_database(error)))) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise CommandError(explain_file(error)) from error
        except UnicodeError as error:
            raise CommandError("An argument or a file is not UTF-8 text.") from error


def _with_env_file(why: str) -> str:
    return f"{explain_missing_env_file()} {why}".lstrip()


def add_scope_arguments(parser: CommandParser, *, required: bool) -> None:
    """Add --scopes and --access, of which a command takes one."""
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--scopes", metavar="SCOPE,…", help=f"comma-separated, of: {', '.join(SCOPES)}"
    )
    words = "; ".join(f"{word} = {', '.join(scopes)}" for word, scopes in ACCESS.items())
    group.add_argument("--access", choices=ACCESS, help=f"instead of --scopes: {words}")


def given_scopes(options: dict[str, Any]) -> list[str] | None:
    """The scopes of --scopes or --access; None without them. Raises UnknownScope."""
    if options["access"]:
        return list(ACCESS[options["access"]])
    return None if options["scopes"] is None else list(parse_scopes(options["scopes"]))


def parse_duration(text: str) -> timedelta:
    """`30m`, `24h` or `7d` as a timedelta. Raises CommandError, also for more than ten years."""
    match = re.fullmatch(r"([0-9]{1,7})([mhd])", text)
    duration = timedelta(**{DURATION_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < duration <= MAX_DURATION:
        raise CommandError(
            f"{text!r} is not a duration: write minutes, hours or days like 30m, 24h or 7d,"
            " ten years at most."
        )
    return duration


def explain_invalid(error: ValidationError) -> str:
    """A model's validation errors by field, in one line."""
    return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())


def _explain_database(error: DatabaseError) -> str:
    """Explains that migrations are missing, if they are, instead of naming a missing column."""
    if why := explain_unusable_database(error):
        return why
    return explain_unmigrated() or f"The database refused this: {_reason(error)}"


def explain_unusable_database(error: DatabaseError) -> str | None:
    """Why the database cannot be used or changed at all; None for an error of one statement."""
    if connection.vendor == "sqlite":
        why = explain_unusable_file(error)
    else:
        why = _explain_server_of_database(error)
    if not why and isinstance(error, MigrationFailed):
        return f"The migration failed ({_reason(error)}). {error.what_to_do}".rstrip()
    return why


def _explain_server_of_database(error: DatabaseError) -> str | None:
    try:
        is_migrated()
    except DatabaseError:
        return f"The database cannot be used ({_reason(error)}): check DATABASE_URL."
    return None


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]


def explain_unusable_file(error: Exception) -> str | None:
    """Why SQLite's file cannot be used, and what to do; None for other errors. Runs no query."""
    if connection.vendor != "sqlite":
        return None
    file = Path(connection.settings_dict["NAME"])
    if not (what_to_do := remedy(error, file)):
        return None
    return (
        f"The database in {told(file.parent)} cannot be used ({_reason(error)}; see DATA_DIR)."
        f" {runnable(what_to_do)}"
    )
