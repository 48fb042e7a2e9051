"""Sets up a working server from nothing; leaves existing parts unchanged."""

from __future__ import annotations

import errno
import io
import os
import secrets
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn

from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connections, transaction

from accounts.models import ApiKey, McpUser, User
from accounts.scopes import ACCESS
from credentials.management.base import CredentialsCommand
from credentials.management.commands.credentials_init import (
    SECRETS,
    assignments,
    missing_secrets,
)
from credentials.models import Profile
from credentials.schema import migrate_in_turn, taking_turns
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL
from infinity_mcp.core.env.dotenv import written
from infinity_mcp.core.env.variables import Variables
from infinity_mcp.core.files.remedies import explain_file, remedy, remedy_of_new
from infinity_mcp.core.files.standard_files import interrupted_by_any_end
from infinity_mcp.core.paths import compose_service, told, unkept
from infinity_mcp.core.secret_files import fill, new_secret_file
from infinity_mcp.management.summary import KEPT, Summary
from mcpserver.management.commands.mcp_serve import require_free_port, warn_of_unreadable

ADMIN_NAME = "admin"
PROFILE_ID = "sandbox"
MCP_USER_NAME = "codex"
# Settings whose names other projects use too; scripts/quickstart ignores them.
GENERIC = (
    "DATABASE_URL",
    "CACHE_URL",
    "HOST",
    "ALLOWED_HOSTS",
    "DJANGO_SECRET_KEY",
    "WORKERS",
    "TRANSPORT",
    "LOG_FORMAT",
    "METRICS_TOKEN",
    "TRUSTED_PROXIES",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
NO_SECRETS = ("infinity_mcp.E001", "credentials.E001")  # the checks for missing secrets
STARTED_AGAIN = "QUICKSTART_STARTED_AGAIN"


class Command(CredentialsCommand):
    help = (
        "Sets up the missing parts (secrets, database, an admin, the profile sandbox, the MCP user"
        " codex with a key file), says where everything is, and serves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="set up only")

    def handle(self, *args: Any, **options: Any) -> None:
        serve = not options["no_serve"]
        self.name_variables_of_the_shell()
        if missing_secrets(settings.ENV_FILE):
            refuse_wrong_settings()
        if serve:
            require_http(settings.TRANSPORT)
            require_free_port(settings.HOST, settings.PORT)
        to_keep = settings_to_keep()
        require_writable_folders("DATA_DIR", "CONFIG_DIR")
        self.write_secrets(to_keep)
        if secrets_are_news():
            start_again()
        self.check()  # before the summary, as the server does not start with a wrong setting
        with interrupted_by_any_end():
            self.tell(set_up(), serve=serve)
        if not serve:  # otherwise mcp_serve says it
            warn_of_unreadable(self.stderr)
        if serve:
            connections.close_all()
            call_command("mcp_serve")

    def tell(self, summary: Summary, *, serve: bool) -> None:
        """Print the summary without holding a lock. Deletes a new admin whose password could not be
        shown."""
        try:
            self.stdout.write(summary.text(serve=serve))
            self.stdout.flush()
        except BaseException:
            if summary.admin_password:
                User.objects.filter(username=summary.admin_name).delete()
            raise

    def name_variables_of_the_shell(self) -> None:
        """Name the variables that may be meant for another project, as they are used here."""
        names = generic_variables()
        if names and not os.environ.get(STARTED_AGAIN):
            self.stdout.write(
                f"Taken from the environment, not from {told(settings.ENV_FILE)}:"
                f" {', '.join(names)}. Unset those that are meant for something else."
            )
            self.stdout.flush()

    def write_secrets(self, to_keep: list[str]) -> None:
        """Write missing secrets to the .env file, and print what was written."""
        missing, report = missing_secrets(settings.ENV_FILE), io.StringIO()
        call_command("credentials_init", stdout=report, beside=to_keep)
        if missing:
            self.stdout.write(report.getvalue())
            self.stdout.flush()


def generic_variables() -> list[str]:
    """Variables of GENERIC in the environment and not in the file. Compose sets them on purpose."""
    if compose_service():
        return []
    in_file = assignments(settings.ENV_FILE)
    names = (form for name in GENERIC for form in (name, f"{name}_FILE"))
    return [name for name in names if os.environ.get(name) not in (None, "", in_file.get(name))]


def require_http(transport: str) -> None:
    """Raise CommandError unless the server speaks HTTP."""
    if transport != "http":
        raise CommandError(f"TRANSPORT is {transport}, but this serves over HTTP: unset it.")


def refuse_wrong_settings() -> None:
    """Raise CommandError for wrong settings, before anything is made. Secrets may be missing."""
    wrong = [each for each in run_checks() if each.is_serious() and each.id not in NO_SECRETS]
    if wrong:
        raise CommandError("\n".join(f"{each.msg} {each.hint or ''}".rstrip() for each in wrong))


def require_writable_folders(*variables: str) -> None:
    """Make the missing folders: all of them or, with a CommandError, none."""
    with ExitStack() as undo:
        for variable in variables:
            folder: Path = getattr(settings, variable).absolute()
            for each in reversed([folder, *folder.parents]):
                if not os.path.lexists(each):
                    undo.callback(remove_empty, each)
            require_writable_folder(variable, folder)
        undo.pop_all()


def remove_empty(folder: Path) -> None:
    """Delete the folder if it is empty."""
    with suppress(OSError):
        folder.rmdir()


def require_writable_folder(variable: str, folder: Path) -> None:
    """Make the folder (mode 0700) and write to it. Raises CommandError with a remedy."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"Cannot make {variable} {folder}: {error.strerror}. {remedy_of_new(folder, error)}"
        ) from error
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CommandError(
            f"Cannot write to {variable} {told(folder)}: {error.strerror}."
            f" {remedy(error, folder / 'file')}"
        ) from error


def settings_to_keep() -> list[str]:
    """Lines for a new ENV_FILE with which later commands find the server and its files."""
    if compose_service():  # which sets them every time
        return []
    try:
        return [written(name, value) for name, value in unkept(*KEPT).items() if value]
    except ValueError as error:
        raise CommandError(str(error)) from error


def secrets_are_news() -> bool:
    """Does the file have secrets, perhaps of another quickstart, that it lacked at the start?"""
    in_file, known = assignments(settings.ENV_FILE), Variables()
    return any(in_file.get(name) and not known.get(name) for name in SECRETS)


def start_again() -> NoReturn:
    """Execute the command again in this process, to read the settings with the new secrets."""
    for name in SECRETS:  # an empty variable would override the file
        if not os.environ.get(name):
            os.environ.pop(name, None)
    os.environ[STARTED_AGAIN] = "yes"
    command = [sys.executable, *sys.argv]
    if sys.platform == "win32":  # exec would give the console back to the shell there
        raise SystemExit(subprocess.call(command))
    os.execv(sys.executable, command)


def set_up() -> Summary:
    """Create the missing parts, all or nothing.

    Raises CommandError and CredentialError.
    """
    summary = Summary(key_file=Path(os.path.realpath(settings.CONFIG_DIR)) / "codex-mcp-key.txt")
    with taking_turns():
        if migrate_in_turn():
            summary.created.append("database")
        # A key file takes its place once the key is stored.
        with ExitStack() as files, transaction.atomic():
            ensure_admin(summary)
            profile = ensure_profile(summary)
            ensure_mcp_user(profile, summary, files)
    return summary


def ensure_admin(summary: Summary) -> None:
    """Note the first active superuser, or make one with a random password."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin:
        summary.admin_name = admin.username
        return
    if User.objects.filter(username=ADMIN_NAME).exists():
        raise CommandError(
            f"The person {ADMIN_NAME} exists but is no superuser: run `manage.py createsuperuser`."
        )
    summary.admin_name = ADMIN_NAME
    summary.admin_password = secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN_NAME, password=summary.admin_password)
    summary.created.append("admin")


def ensure_profile(summary: Summary) -> Profile:
    """The sandbox's profile, made if missing. Raises CredentialError for unusable keys."""
    Profile.objects.check_store_key()
    profile = Profile.objects.filter(pk=PROFILE_ID).first()
    if profile is None:
        profile = Profile(pk=PROFILE_ID, name="Sandbox", base_url=SANDBOX_URL)
        profile.set_token(SANDBOX_TOKEN)
        profile.save()
        summary.created.append(f"profile {PROFILE_ID}")
    return profile


def ensure_mcp_user(profile: Profile, summary: Summary, files: ExitStack) -> None:
    """Make the MCP user and its key file, or check that the key file is still its own."""
    user = McpUser.objects.filter(name=MCP_USER_NAME).first()
    if user:
        look_at_key(user, summary)
        return
    if os.path.lexists(summary.key_file):
        raise CommandError(
            f"{told(summary.key_file)} exists, but holds no key of this database: set CONFIG_DIR to"
            " another folder, or move it away."
        )
    scopes = list(ACCESS["admin"])
    user = McpUser.objects.create(name=MCP_USER_NAME, profile=profile, scopes=scopes)
    key = user.issue_key(label="quickstart")[1]
    try:
        fill(files.enter_context(new_secret_file(summary.key_file)), f"{key}\n".encode())
    except OSError as error:
        raise CommandError(
            f"Cannot write {summary.key_file}: {error.strerror}. {remedy(error, summary.key_file)}"
        ) from error
    summary.created.append(f"MCP user {MCP_USER_NAME}")


def look_at_key(user: McpUser, summary: Summary) -> None:
    """Check whether the file holds a valid key of this user, and note the result in `summary`."""
    file, text = summary.key_file, ""
    try:
        if file.is_file():
            text = file.read_text(errors="replace")
        elif os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, "it is not a regular file", str(file))
    except OSError as error:
        summary.key_trouble = explain_file(error)
        return
    key = ApiKey.objects.authenticate(text.strip())
    summary.key_works = key is not None and key.user == user
